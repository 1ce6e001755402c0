//! Whether the processor's counter can be trusted as a clock.
//!
//! The counter may differ between cores, stop in deep sleep, or jump when a virtual machine moves.
//! The kernel watches for that: it keeps the counter as its own clock source only as long as the
//! counter passes. So on Linux the kernel decides. Elsewhere quanta does, which asks the processor
//! whether the counter is invariant.

/// The file in which Linux names its clock source.
#[cfg(target_os = "linux")]
const CURRENT_CLOCKSOURCE: &str = "/sys/devices/system/clocksource/clocksource0/current_clocksource";

/// Whether to read the counter on this machine.
pub(super) fn counter_is_trusted() -> bool {
    #[cfg(target_os = "linux")]
    return kernel_trusts_counter(std::fs::read_to_string(CURRENT_CLOCKSOURCE).ok().as_deref());
    #[cfg(not(target_os = "linux"))]
    true
}

/// Whether the counter is the kernel's own clock source, which is `current` if that can be read.
#[cfg(any(target_os = "linux", test))]
fn kernel_trusts_counter(current: Option<&str>) -> bool {
    let counter = if cfg!(target_arch = "aarch64") { "arch_sys_counter" } else { "tsc" };
    current.is_some_and(|name| name.trim_end() == counter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gate_passes_only_the_counter_itself() {
        let counter = if cfg!(target_arch = "aarch64") { "arch_sys_counter\n" } else { "tsc\n" };
        assert!(kernel_trusts_counter(Some(counter)));
        for other in ["kvm-clock\n", "hpet\n", "acpi_pm\n", "hyperv_clocksource_tsc_page\n", "xen\n", "tsc-early\n", ""]
        {
            assert!(!kernel_trusts_counter(Some(other)), "{other:?}");
        }
    }

    #[test]
    fn gate_without_a_named_source_rejects_the_counter() {
        assert!(!kernel_trusts_counter(None));
    }
}
