// SQL for payloads of whichever type the column has.
#pragma once

#include <string>

namespace outbox::admin {

// `type`: json, jsonb, text or bytea.
class PayloadSql {
 public:
  explicit PayloadSql(std::string type) : type_(std::move(type)) {}

  // Of the column's type, from a bytea expression; the server refuses what does not fit.
  [[nodiscard]] std::string from_bytes(const std::string& bytes) const {
    return binary() ? bytes : "convert_from(" + bytes + ", 'UTF8')::" + type_;
  }
  // As text, bytea in base64.
  [[nodiscard]] std::string to_text(const std::string& payload) const {
    return binary() ? "encode(" + payload + ", 'base64')" : payload + "::text";
  }
  // In bytes.
  [[nodiscard]] std::string size(const std::string& payload) const {
    return binary() ? "octet_length(" + payload + ")" : "octet_length(" + payload + "::text)";
  }
  // What to_text makes: "text" or "base64".
  [[nodiscard]] std::string encoding() const { return binary() ? "base64" : "text"; }
  [[nodiscard]] const std::string& type() const { return type_; }

 private:
  [[nodiscard]] bool binary() const { return type_ == "bytea"; }

  std::string type_;
};

}  // namespace outbox::admin
