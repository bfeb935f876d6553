# SPDX-License-Identifier: MIT
# The guest is built by its own setup script, not by make: it is needed in a source tree alone.
