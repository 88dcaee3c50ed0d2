// Tells the service manager how the program is (sd_notify's protocol, without libsystemd).
#pragma once

#include <string_view>

namespace outbox::telemetry {

// "READY=1", "STOPPING=1", "RELOADING=1", "STATUS=…". Does nothing, and returns false, when
// $NOTIFY_SOCKET is not set or the datagram cannot be sent: it is news, not work.
bool notify_service_manager(std::string_view state) noexcept;

}  // namespace outbox::telemetry
