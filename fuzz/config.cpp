// The relay's configuration file, from its bytes to the settings and what is shown of them.
#include <cstddef>
#include <cstdint>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

#include "relay_settings/settings.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const int kFile = memfd_create("outbox.toml", MFD_CLOEXEC);
  static const std::string kName = "/proc/self/fd/" + std::to_string(kFile);
  if (ftruncate(kFile, 0) != 0 || pwrite(kFile, data, size, 0) != static_cast<ssize_t>(size)) {
    return -1;  // not the input's fault: it is not kept
  }
  outbox::Settings settings;
  outbox::config::Schema schema = outbox::make_schema(settings);
  const auto loaded = schema.load(
      {.file = kName, .environment = {{"DATABASE_URL", "postgresql://db/shop"}}, .flags = {}});
  if (loaded) {
    static_cast<void>(schema.show());
    static_cast<void>(outbox::check_settings(settings));
    static_cast<void>(outbox::list_of(settings.http_allowed_hosts));
  }
  return 0;
}
