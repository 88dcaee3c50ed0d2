#include "support/telemetry/systemd.hpp"

#include <array>
#include <cstdlib>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace outbox::telemetry {
namespace {

TEST(Systemd, SendsTheStateToTheSocket) {
  const std::string path = testing::TempDir() + "outbox_notify_" + std::to_string(getpid());
  const int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(std::begin(address.sun_path), sizeof(address.sun_path) - 1);
  ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  setenv("NOTIFY_SOCKET", path.c_str(), 1);

  EXPECT_TRUE(notify_service_manager("READY=1"));
  std::array<char, 64> buffer{};
  const auto received = recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
  EXPECT_EQ(std::string_view(buffer.data(), received < 0 ? 0 : static_cast<std::size_t>(received)),
            "READY=1");
  close(fd);
  unlink(path.c_str());
  EXPECT_FALSE(notify_service_manager("READY=1"));  // nobody listens
  unsetenv("NOTIFY_SOCKET");
  EXPECT_FALSE(notify_service_manager("READY=1"));
}

}  // namespace
}  // namespace outbox::telemetry
