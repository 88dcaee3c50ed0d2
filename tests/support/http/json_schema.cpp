#include "tests/support/http/json_schema.hpp"

#include <algorithm>
#include <regex>
#include <set>

namespace outbox::http::testing {
namespace {

using nlohmann::json;
using Violations = std::vector<std::string>;

std::size_t characters(const std::string& utf8) {
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

bool has_type(const json& value, const std::string& type) {
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  return type == (value.is_boolean() ? "boolean" : value.type_name());
}

bool has_one_type(const json& value, const json& types) {
  if (types.is_string()) return has_type(value, types);
  return std::any_of(types.begin(), types.end(),
                     [&](const json& type) { return has_type(value, type); });
}

class Checker {
 public:
  Checker(const json& document, const json& schema, const json& value, std::string at)
      : document_(document), schema_(schema), value_(value), at_(std::move(at)) {}

  Violations run() {
    static const std::set<std::string> kAnnotations{"description", "default", "format"};
    for (const auto& [keyword, argument] : schema_.items()) {
      if (kAnnotations.contains(keyword)) continue;
      if (!check_shape(keyword, argument) && !check_members(keyword, argument) &&
          !check_number(keyword, argument)) {
        broken("the validator does not know " + keyword);
      }
    }
    return std::move(found_);
  }

 private:
  // Each returns whether it knows the keyword.
  bool check_shape(const std::string& keyword, const json& argument) {
    if (keyword == "$ref") {
      const std::string reference = argument;
      into(document_.at(json::json_pointer(reference.substr(1))), value_, at_);
    } else if (keyword == "type") {
      if (!has_one_type(value_, argument)) broken("is no " + argument.dump());
    } else if (keyword == "enum") {
      if (std::find(argument.begin(), argument.end(), value_) == argument.end()) {
        broken("is none of " + argument.dump());
      }
    } else if (keyword == "oneOf") {
      const auto fitting = std::count_if(argument.begin(), argument.end(), [&](const json& one) {
        return violations(document_, one, value_, at_).empty();
      });
      if (fitting != 1) broken("fits " + std::to_string(fitting) + " of oneOf");
    } else {
      return false;
    }
    return true;
  }

  bool check_members(const std::string& keyword, const json& argument) {
    if (keyword == "properties") {
      for (const auto& [name, schema] : argument.items()) {
        if (value_.is_object() && value_.contains(name)) {
          into(schema, value_[name], at_ + "/" + name);
        }
      }
    } else if (keyword == "required") {
      for (const std::string name : argument) {
        if (value_.is_object() && !value_.contains(name)) broken("lacks " + name);
      }
    } else if (keyword == "additionalProperties") {
      if (!value_.is_object() || argument != false) return argument == false;
      for (const auto& [name, member] : value_.items()) {
        if (!schema_["properties"].contains(name)) broken("must not have " + name);
      }
    } else if (keyword == "items") {
      for (std::size_t i = 0; value_.is_array() && i < value_.size(); ++i) {
        into(argument, value_[i], at_ + "/" + std::to_string(i));
      }
    } else {
      return false;
    }
    return true;
  }

  bool check_number(const std::string& keyword, const json& argument) {
    if (keyword == "minimum") {
      if (value_.is_number() && value_ < argument) broken("is below the minimum");
    } else if (keyword == "maximum") {
      if (value_.is_number() && value_ > argument) broken("is above the maximum");
    } else if (keyword == "minLength") {
      if (value_.is_string() && characters(value_) < argument) broken("is too short");
    } else if (keyword == "maxLength") {
      if (value_.is_string() && characters(value_) > argument) broken("is too long");
    } else if (keyword == "pattern") {
      if (value_.is_string() &&
          !std::regex_search(value_.get<std::string>(), std::regex(argument.get<std::string>()))) {
        broken("does not match " + argument.dump());
      }
    } else if (keyword == "minItems") {
      if (value_.is_array() && value_.size() < argument) broken("has too few items");
    } else if (keyword == "maxItems") {
      if (value_.is_array() && value_.size() > argument) broken("has too many items");
    } else {
      return false;
    }
    return true;
  }

  void into(const json& schema, const json& value, const std::string& at) {
    for (std::string& one : violations(document_, schema, value, at)) {
      found_.push_back(std::move(one));
    }
  }

  void broken(const std::string& how) { found_.push_back(at_ + " " + how); }

  const json& document_;
  const json& schema_;
  const json& value_;
  std::string at_;
  Violations found_;
};

}  // namespace

Violations violations(const json& document, const json& schema, const json& value,
                      const std::string& at) {
  return Checker(document, schema, value, at).run();
}

}  // namespace outbox::http::testing
