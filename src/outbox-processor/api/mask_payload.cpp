#include "outbox-processor/api/mask_payload.hpp"

#include <algorithm>
#include <cstddef>

#include <nlohmann/json.hpp>

namespace outbox::api {
namespace {

using admin::JsonStep;

constexpr int kMostDepth = 128;
constexpr std::string_view kMask = "\"***\"";
constexpr std::string_view kSpace = " \t\r\n";

// A path of which the first steps lead to where the reading is.
struct Trail {
  const std::vector<JsonStep>* path;
  std::size_t walked;
};
using Trails = std::vector<Trail>;

// Copies the text, but for what is at a path. Each part returns false where it is no JSON.
class Masker {
 public:
  explicit Masker(std::string_view text) : text_(text) {}

  std::optional<std::string> run(const Trails& trails) {
    if (!value(trails, 0)) return std::nullopt;
    skip_space();
    if (at_ != text_.size()) return std::nullopt;
    masked_.append(text_.substr(copied_));
    return std::move(masked_);
  }

 private:
  bool value(const Trails& trails, int depth) {
    skip_space();
    if (at_ == text_.size() || depth > kMostDepth) return false;
    switch (text_[at_]) {
      case '{':
        return container('}', trails, depth);
      case '[':
        return container(']', trails, depth);
      case '"':
        return string();
      default:
        return literal();
    }
  }

  bool container(char end, const Trails& trails, int depth) {
    ++at_;
    skip_space();
    if (take(end)) return true;
    for (std::size_t index = 0;; ++index) {
      std::string name = std::to_string(index);
      if (end == '}' && !member_name(name)) return false;
      if (!child(name, trails, depth)) return false;
      skip_space();
      if (take(end)) return true;
      if (!take(',')) return false;
    }
  }

  bool member_name(std::string& name) {
    skip_space();
    const std::size_t begin = at_;
    if (!string()) return false;
    // It may be written with escapes.
    const auto decoded = nlohmann::json::parse(text_.substr(begin, at_ - begin), nullptr, false);
    if (!decoded.is_string()) return false;
    name = decoded.get<std::string>();
    skip_space();
    return take(':');
  }

  bool child(const std::string& name, const Trails& trails, int depth) {
    Trails further;
    bool here = false;
    for (const Trail& trail : trails) {
      const JsonStep& step = (*trail.path)[trail.walked];
      if (step.kind != JsonStep::Kind::every && step.name != name) continue;
      here = here || trail.walked + 1 == trail.path->size();
      further.push_back({trail.path, trail.walked + 1});
    }
    if (!here) return value(further, depth + 1);
    skip_space();
    masked_.append(text_.substr(copied_, at_ - copied_)).append(kMask);
    if (!value({}, depth + 1)) return false;
    copied_ = at_;
    return true;
  }

  bool string() {
    if (!take('"')) return false;
    while (at_ < text_.size() && text_[at_] != '"')
      at_ += text_[at_] == '\\' ? 2U : 1U;
    return take('"');
  }

  bool literal() {
    const std::size_t begin = at_;
    at_ = std::min(text_.find_first_of(",]}\"[{: \t\r\n", at_), text_.size());
    const std::string_view text = text_.substr(begin, at_ - begin);
    if (text == "true" || text == "false" || text == "null") return true;
    return !text.empty() && text.find_first_not_of("0123456789+-.eE") == std::string_view::npos;
  }

  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  void skip_space() { at_ = std::min(text_.find_first_not_of(kSpace, at_), text_.size()); }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t copied_ = 0;  // of the text, up to where
  std::string masked_;
};

}  // namespace

std::optional<std::string> mask_payload(std::string_view json, const JsonPaths& paths) {
  Trails trails;
  for (const auto& path : paths)
    trails.push_back({&path, 0});
  return Masker{json}.run(trails);
}

bool mask(admin::StoredPayload& payload, const JsonPaths& paths) {
  std::optional<std::string> shown;
  if (payload.encoding != "base64") shown = mask_payload(payload.content, paths);
  const bool masked = !shown || *shown != payload.content;
  payload.truncated = payload.truncated || !shown;
  payload.content = std::move(shown).value_or("");
  return masked;
}

}  // namespace outbox::api
