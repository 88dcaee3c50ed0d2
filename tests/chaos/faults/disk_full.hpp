// A small disk that can be full.
#pragma once

#include <cstdint>
#include <filesystem>

namespace outbox::chaos {

// A tmpfs of `size` bytes on a folder. Not thread-safe, but for bytes_left().
class SmallDisk {
 public:
  // Whether this user may mount one here (root with CAP_SYS_ADMIN).
  [[nodiscard]] static bool available();

  // Makes the folder if it is not there; what is mounted on it by a run that was killed goes. From
  // 1 MiB to 4 GiB, of memory as it is used. Throws when it cannot be mounted.
  SmallDisk(const std::filesystem::path& folder, std::uint64_t size);
  // Unmounts it, with all that is on it. Files that are still open stay until they are closed.
  ~SmallDisk();
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

  // Takes all that is left; every write of another fails from now on with "no space left". Returns
  // how many bytes it took. Again while it is full: takes what has become free.
  std::uint64_t fill();
  // Gives back what fill() took.
  void free();
  [[nodiscard]] std::uint64_t bytes_left() const;

 private:
  [[nodiscard]] std::filesystem::path filler() const;

  std::filesystem::path folder_;
};

}  // namespace outbox::chaos
