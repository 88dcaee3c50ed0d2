// Settings that describe themselves: a program declares each option once, bound to a variable, and
// gets loading, checking, an example file and a listing of the effective values.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "outbox/result.hpp"
#include "support/config/secret.hpp"
#include "support/config/toml_file.hpp"

namespace outbox::config {

struct OptionInfo {
  std::string help;  // one line, for a person
  // Masked wherever values are shown, never quoted in an error. URLs keep their host. What is bound
  // to a Secret always is.
  bool secret = false;
  std::vector<std::string> env_aliases = {};  // further environment names: DATABASE_URL
  bool required = false;                      // must be given, and not empty
  std::string example = {};                   // for the example file when there is no default
};

// Inclusive. For durations in milliseconds.
struct Range {
  std::int64_t min = std::numeric_limits<std::int64_t>::min();
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
};

// Where values come from. Precedence: flags, environment, file, default.
struct Inputs {
  std::optional<std::filesystem::path> file;
  std::map<std::string, std::string> environment;
  std::vector<std::pair<std::string, std::string>> flags;  // path, value; later ones win
};

// Options are declared before load; a bound variable's value at that time is the default. The
// variables must outlive the Schema. Not thread-safe.
//
// Environment names: OUTBOX_ + the path in upper case with "__" between levels, so `sink.brokers`
// is OUTBOX_SINK__BROKERS. OUTBOX_TEST_… and OUTBOX_CONFIG are not settings and are left alone.
class Schema {
 public:
  Schema& text(std::string path, std::string& target, OptionInfo info);
  Schema& text(std::string path, Secret& target, OptionInfo info);
  Schema& integer(std::string path, std::int64_t& target, Range range, OptionInfo info);
  Schema& flag(std::string path, bool& target, OptionInfo info);
  // "250ms", "5s", "2m", "1h", "7d".
  Schema& duration(std::string path, std::chrono::milliseconds& target, Range range,
                   OptionInfo info);
  Schema& choice(std::string path, std::string& target, std::vector<std::string> allowed,
                 OptionInfo info);
  // Every key below the path, passed through as it is: strings, integers and booleans, as text.
  // Keys may hold dots. In the environment an entry's name is lower-cased and '_' becomes '.':
  // OUTBOX_SINK__PROPERTIES__SECURITY_PROTOCOL sets security.protocol. Layers are merged by key.
  // Entries whose name speaks of a credential are secret.
  Schema& table(std::string path, std::map<std::string, std::string>& target, OptionInfo info);

  // Sets every bound variable, or none: invalid_argument then lists all problems, one a line.
  [[nodiscard]] Result<void> load(const Inputs& inputs);

  // A TOML file with every option, its help, bounds, environment name and default. It loads.
  [[nodiscard]] std::string describe() const;

  // The effective values and where each came from; secrets masked. A table has a row for each key.
  struct Effective {
    std::string path;
    std::string value;   // as in TOML
    std::string origin;  // default, file, environment or flag
    bool secret = false;
    std::string help;
    std::string standard;  // the default, as in TOML
  };
  [[nodiscard]] std::vector<Effective> effective() const;
  // The same as lines for a person.
  [[nodiscard]] std::string show() const;

 private:
  using Value = std::variant<std::string, std::int64_t, bool, std::chrono::milliseconds,
                             std::map<std::string, std::string>>;
  using Target = std::variant<std::string*, Secret*, std::int64_t*, bool*,
                              std::chrono::milliseconds*, std::map<std::string, std::string>*>;
  enum class Origin { standard, file, environment, flag };
  struct Option {
    std::string path;
    Target target;
    OptionInfo info;
    Range range = {};
    std::vector<std::string> allowed = {};
    Value standard = {};
    Value value = {};
    Origin origin = Origin::standard;
    std::map<std::string, Origin> entry_origins = {};  // of a table
  };
  // A value as it was given, before it is understood.
  struct Given {
    std::string text;
    ValueKind kind = ValueKind::string;
    bool typed = false;  // from TOML, where "8080" is not 8080
    Origin origin = Origin::flag;
    std::string where;  // for errors: "outbox.toml:3", "OUTBOX_SINK__BROKERS", "--set"
  };
  using Problems = std::vector<std::string>;

  Schema& add(Option option);
  [[nodiscard]] std::vector<std::string> paths() const;
  [[nodiscard]] bool is_section(const std::string& path) const;
  // The option of a path, and for a table the entry's key.
  [[nodiscard]] std::pair<Option*, std::string> find(std::string_view path);
  [[nodiscard]] std::pair<Option*, std::string> find_environment(std::string_view name);

  void load_file(const std::filesystem::path& file, Problems& problems);
  void load_environment(const std::map<std::string, std::string>& environment, Problems& problems);
  void load_flags(const std::vector<std::pair<std::string, std::string>>& flags,
                  Problems& problems);
  void check_required(Problems& problems) const;
  static void assign(Option& option, const std::string& key, const Given& given,
                     Problems& problems);

  static std::string env_name(std::string_view path);
  static std::string toml_value(const Value& value);
  static std::string bounds(const Option& option);
  static std::string comment(const Option& option);

  std::vector<Option> options_;
};

// The process's environment.
[[nodiscard]] std::map<std::string, std::string> environment();

}  // namespace outbox::config
