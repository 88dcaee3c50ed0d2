#include "support/http/router.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>

#include "support/http/target.hpp"

namespace outbox::http {
namespace {

// "/a/b" has the segments a, b; "/" has one, which is empty.
std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> segments;
  path.remove_prefix(1);
  while (true) {
    const std::size_t slash = path.find('/');
    segments.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

std::optional<std::vector<std::string>> decode_segments(std::string_view path) {
  std::vector<std::string> segments;
  for (const std::string_view segment : split(path)) {
    auto decoded = percent_decode(segment);
    if (!decoded) return std::nullopt;
    segments.push_back(std::move(*decoded));
  }
  return segments;
}

bool fits(const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
  return std::equal(pattern.begin(), pattern.end(), path.begin(), path.end(),
                    [](const std::string& expected, const std::string& segment) {
                      return is_parameter(expected) ? !segment.empty() : expected == segment;
                    });
}

bool more_literal(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (is_parameter(a[i]) != is_parameter(b[i])) return is_parameter(b[i]);
  }
  return false;
}

bool answers(const Route& route, std::string_view method) {
  return route.method == method || (route.method == "GET" && method == "HEAD");
}

Response method_not_allowed(std::string_view method, const std::set<std::string>& allowed) {
  std::string list;
  for (const std::string& one : allowed)
    list += (list.empty() ? "" : ", ") + one;
  Response response =
      problem(405, "Method Not Allowed",
              "this path does not take " + std::string(method) + "; it takes " + list);
  response.headers.add("Allow", list);
  return response;
}

}  // namespace

void Router::add(std::string method, std::string pattern, Handler handler, Access access) {
  add(std::move(method), std::move(pattern), std::move(handler), RunOn::handler_threads, access);
}

void Router::add(std::string method, std::string pattern, Handler handler, RunOn run_on,
                 Access access) {
  if (pattern.empty() || pattern.front() != '/') {
    throw std::logic_error("the route " + pattern + " does not begin with '/'");
  }
  for (const Entry& entry : entries_) {
    if (entry.route.method == method && entry.route.pattern == pattern) {
      throw std::logic_error("the route " + method + " " + pattern + " was added twice");
    }
  }
  Entry entry;
  for (const std::string_view segment : split(pattern))
    entry.segments.emplace_back(segment);
  entry.route = {std::move(method), std::move(pattern), std::move(handler), run_on, access};
  entries_.push_back(std::move(entry));
}

void Router::restrict(const std::function<Access(const Route&)>& rule) {
  for (Entry& entry : entries_)
    entry.route.access = rule(entry.route);
}

std::vector<const Router::Entry*> Router::matching(const std::vector<std::string>& path) const {
  std::vector<const Entry*> found;
  for (const Entry& entry : entries_) {
    if (fits(entry.segments, path)) found.push_back(&entry);
  }
  std::stable_sort(found.begin(), found.end(), [](const Entry* a, const Entry* b) {
    return more_literal(a->segments, b->segments);
  });
  return found;
}

std::variant<Router::Match, Response> Router::find(std::string_view method,
                                                   std::string_view path) const {
  const auto segments = decode_segments(path);
  if (!segments) {
    return problem(400, "Bad Request",
                   "the path has a broken percent escape, or text that is not UTF-8");
  }
  std::set<std::string> allowed;
  for (const Entry* entry : matching(*segments)) {
    if (!answers(entry->route, method)) {
      allowed.insert(entry->route.method);
      if (entry->route.method == "GET") allowed.insert("HEAD");
      continue;
    }
    Match match{&entry->route, {}};
    for (std::size_t i = 0; i < segments->size(); ++i) {
      const std::string& name = entry->segments[i];
      if (!is_parameter(name)) continue;
      match.path_parameters.emplace_back(name.substr(1, name.size() - 2), (*segments)[i]);
    }
    return match;
  }
  if (!allowed.empty()) return method_not_allowed(method, allowed);
  return problem(404, "Not Found", "there is nothing at this path");
}

std::vector<const Route*> Router::routes() const {
  std::vector<const Route*> routes;
  routes.reserve(entries_.size());
  for (const Entry& entry : entries_)
    routes.push_back(&entry.route);
  return routes;
}

}  // namespace outbox::http
