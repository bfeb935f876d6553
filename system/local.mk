# SPDX-License-Identifier: MIT
# The daemon as a service of systemd, and the rule of udev for its node.
if ENABLE_DAEMON
CLEANFILES += system/dma-fenced.service
system/dma-fenced.service: system/dma-fenced.service.in
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
		sed 's,[@]sbindir[@],$(sbindir),' $(srcdir)/system/dma-fenced.service.in >$@.new && mv $@.new $@
if INSTALL_UNIT
nodist_systemdsystemunit_DATA = system/dma-fenced.service
endif
if INSTALL_UDEV_RULES
udevrules_DATA = system/60-dma-fence.rules
endif

if ENABLE_TESTS
check_SCRIPTS += system/check-unit
TESTS += system/check-unit
endif
endif
