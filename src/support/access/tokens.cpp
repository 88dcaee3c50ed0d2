#include "support/access/tokens.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <sstream>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "support/access/secret.hpp"

namespace outbox::access {
namespace {

constexpr std::size_t kMaxFileBytes = 256 * 1024;
constexpr std::size_t kMaxName = 64;
constexpr std::size_t kDigestDigits = 64;
constexpr mode_t kOwnerOnly = S_IRUSR | S_IWUSR;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return number_; }
  [[nodiscard]] bool is_open() const { return number_ >= 0; }

 private:
  int number_;
};

Error failed(const std::string& what, const std::filesystem::path& file) {
  return {ErrorCode::conflict, what + " " + file.string() + ": " + std::strerror(errno)};
}

bool is_digest(std::string_view text) {
  return text.size() == kDigestDigits && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

std::optional<http::Role> role_of(std::string_view name) {
  if (name == "viewer") return http::Role::viewer;
  if (name == "operator") return http::Role::operator_;
  return std::nullopt;
}

Result<std::optional<Token>> parse_line(const std::string& line) {
  std::istringstream words(line);
  std::string name;
  std::string role_name;
  std::string digest;
  std::string more;
  if (!(words >> name) || name.front() == '#') return std::optional<Token>{};
  words >> role_name >> digest;
  const auto role = role_of(role_name);
  if (words >> more || !is_token_name(name) || !role || !is_digest(digest)) {
    return Error{ErrorCode::invalid_argument,
                 "is not NAME viewer|operator SHA256, as outboxctl token new writes it"};
  }
  return std::optional<Token>{Token{std::move(name), *role, std::move(digest)}};
}

std::string render(const std::vector<Token>& tokens) {
  std::string text = "# Who may use the outbox's page and API. Made by outboxctl token.\n";
  for (const Token& token : tokens) {
    text += token.name + " " + std::string(http::to_string(token.role)) + " " + token.sha256 + "\n";
  }
  return text;
}

Result<std::string> read_all(const Descriptor& file, const std::filesystem::path& name) {
  std::string text(kMaxFileBytes + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(file.get(), text.data() + size, text.size() - size);
    if (got < 0) return failed("cannot read the tokens in", name);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > kMaxFileBytes) {
    return Error{ErrorCode::invalid_argument, "the tokens' file " + name.string() +
                                                  " is larger than 256 KiB: it is another one"};
  }
  text.resize(size);
  return text;
}

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// The permissions and the owner that the file had, or those of a new one.
void keep_permissions(int target, const std::filesystem::path& file) {
  struct stat before {};
  if (::stat(file.c_str(), &before) != 0) return;
  static constexpr mode_t kReaders = S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH;
  // Only root can give a file away; others keep their own.
  if (::fchown(target, before.st_uid, before.st_gid) == 0) {
    static_cast<void>(::fchmod(target, before.st_mode & kReaders));
  }
}

Result<void> replace_file(const std::filesystem::path& file, const std::string& text) {
  std::string temporary = file.string() + ".XXXXXX";
  const Descriptor target(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!target.is_open()) return failed("cannot make a file beside", file);
  static_cast<void>(::fchmod(target.get(), kOwnerOnly));
  keep_permissions(target.get(), file);
  if (!write_all(target.get(), text) || ::fsync(target.get()) != 0 ||
      ::rename(temporary.c_str(), file.c_str()) != 0) {
    Error error = failed("cannot write", file);
    ::unlink(temporary.c_str());
    return error;
  }
  return {};
}

}  // namespace

std::string new_token() {
  return "obx_" + random_secret();
}

bool is_token_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxName &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  c == '.' || c == '_' || c == '-' || c == '@';
         });
}

Result<std::vector<Token>> parse_tokens(std::string_view text) {
  std::vector<Token> tokens;
  std::istringstream lines{std::string(text)};
  std::string line;
  for (unsigned number = 1; std::getline(lines, line); ++number) {
    const std::string place = "line " + std::to_string(number) + " ";
    auto token = parse_line(line);
    if (!token) return Error{token.error().code, place + token.error().message};
    if (!*token) continue;
    const std::string& name = (*token)->name;
    if (std::any_of(tokens.begin(), tokens.end(), [&](const Token& t) { return t.name == name; })) {
      return Error{ErrorCode::invalid_argument, place + "has a name that stands there already"};
    }
    if (tokens.size() == kMaxTokens) {
      return Error{ErrorCode::invalid_argument, place + "is one token too many (1,000 at most)"};
    }
    tokens.push_back(*std::move(*token));
  }
  return tokens;
}

Result<std::vector<Token>> read_tokens(const std::filesystem::path& file) {
  const Descriptor source(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!source.is_open()) {
    if (errno != ENOENT) return failed("cannot read the tokens in", file);
    return Error{ErrorCode::not_found, "there is no file " + file.string() +
                                           "; make a token with: outboxctl token new --name NAME "
                                           "--role operator --file " +
                                           file.string()};
  }
  struct stat status {};
  if (::fstat(source.get(), &status) != 0) return failed("cannot look at", file);
  if (!S_ISREG(status.st_mode) || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return Error{ErrorCode::conflict, "the tokens in " + file.string() +
                                          " are not used: it has to be a plain file that only its "
                                          "owner may write (chmod go-w)"};
  }
  const auto text = read_all(source, file);
  if (!text) return text.error();
  auto tokens = parse_tokens(*text);
  if (!tokens) {
    return Error{tokens.error().code,
                 "the tokens in " + file.string() + " are not used: " + tokens.error().message};
  }
  return tokens;
}

Result<void> change_tokens(const std::filesystem::path& file,
                           const std::function<Result<void>(std::vector<Token>&)>& change) {
  const auto folder = std::filesystem::absolute(file).parent_path();
  const Descriptor lock(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock.is_open() || ::flock(lock.get(), LOCK_EX) != 0) {
    return failed("cannot use the folder", folder);
  }
  std::vector<Token> tokens;
  if (auto before = read_tokens(file); before) {
    tokens = *std::move(before);
  } else if (before.error().code != ErrorCode::not_found) {
    return before.error();
  }
  if (auto changed = change(tokens); !changed) return changed;
  return replace_file(file, render(tokens));
}

}  // namespace outbox::access
