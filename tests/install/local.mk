# SPDX-License-Identifier: MIT
# What make installcheck runs, as make distcheck does too.

installcheck-local:
	$(SHELL) $(top_srcdir)/tests/install/installcheck \
		 '$(DESTDIR)$(prefix)' '$(DESTDIR)$(libdir)'
