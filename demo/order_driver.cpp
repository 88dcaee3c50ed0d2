#include "demo/order_driver.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <queue>
#include <utility>
#include <vector>

#include <curl/curl.h>
#include <fmt/format.h>

#include "outbox/uuid.hpp"

namespace outbox::demo {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kMinWait{50};
constexpr milliseconds kMaxWait{1'000};
constexpr std::size_t kMaxAnswer = 64 * 1024;

struct Destroy {
  void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

using Easy = std::unique_ptr<CURL, Destroy>;
// CURL and CURLM are both void to C++.
struct DestroyMulti {
  void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
};
using Multi = std::unique_ptr<CURLM, DestroyMulti>;
using Headers = std::unique_ptr<curl_slist, Destroy>;

std::string order_body(std::int64_t n) {
  constexpr std::array<const char*, 4> kPrices{"12.50", "0.99", "149.00", "7.25"};
  return fmt::format(R"({{"customerId":"customer-{}","currency":"EUR","productId":"product-{}",)"
                     R"("quantity":{},"price":"{}"}})",
                     n % 97, n % 31, n % 5 + 1,
                     kPrices[static_cast<std::size_t>(n) % kPrices.size()]);
}

std::size_t on_answer(char* bytes, std::size_t size, std::size_t count, void* target) {
  auto& answer = *static_cast<std::string*>(target);
  const std::size_t length = size * count;
  answer.append(bytes, std::min(length, kMaxAnswer - std::min(kMaxAnswer, answer.size())));
  return length;
}

// One connection's worth of work: an order on its way.
struct Slot {
  Easy easy;
  Headers headers;
  std::string body;
  std::string answer;
  std::int64_t order = 0;
  int attempts = 0;
};

class Driver {
 public:
  Driver(const DriverOptions& options, const std::function<void(const DriverReport&)>& progress)
      : options_(options), progress_(progress), multi_(curl_multi_init()) {
    curl_multi_setopt(multi_.get(), CURLMOPT_MAX_HOST_CONNECTIONS,
                      static_cast<long>(options.connections));
    slots_.resize(static_cast<std::size_t>(options.connections));
    for (Slot& slot : slots_)
      idle_.push_back(&slot);
  }
  ~Driver() {
    for (Slot& slot : slots_) {
      if (slot.easy) curl_multi_remove_handle(multi_.get(), slot.easy.get());
    }
  }
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  Result<DriverReport> run() {
    while (report_.accepted < options_.orders) {
      if (steady_clock::now() >= options_.deadline) return out_of_time();
      start_what_is_due();
      int running = 0;
      curl_multi_perform(multi_.get(), &running);
      if (auto finished = take_finished(); !finished) return std::move(finished).error();
      curl_multi_poll(multi_.get(), nullptr, 0, 20, nullptr);
    }
    return report_;
  }

 private:
  struct Retry {
    steady_clock::time_point due;
    std::int64_t order;
    int attempts;
    bool operator>(const Retry& other) const { return due > other.due; }
  };

  [[nodiscard]] Error out_of_time() const {
    return Error{ErrorCode::timeout,
                 fmt::format("the time is up: {} of {} orders were accepted at {}; the last "
                             "trouble: {}",
                             report_.accepted, options_.orders, options_.orders_url,
                             trouble_.empty() ? "none" : trouble_)};
  }

  void start_what_is_due() {
    while (!idle_.empty()) {
      std::int64_t order = next_;
      int attempts = 0;
      if (!retries_.empty() && retries_.top().due <= steady_clock::now()) {
        order = retries_.top().order;
        attempts = retries_.top().attempts;
        retries_.pop();
      } else if (next_ < options_.orders) {
        ++next_;
      } else {
        return;
      }
      Slot& slot = *idle_.back();
      idle_.pop_back();
      start(slot, order, attempts);
    }
  }

  void start(Slot& slot, std::int64_t order, int attempts) {
    if (!slot.easy) slot.easy.reset(curl_easy_init());
    slot.order = order;
    slot.attempts = attempts + 1;
    slot.body = order_body(order);
    slot.answer.clear();
    slot.headers.reset(curl_slist_append(nullptr, "Content-Type: application/json"));
    curl_slist_append(slot.headers.get(),
                      fmt::format("Idempotency-Key: {}-{}", run_.to_string(), order).c_str());
    CURL* easy = slot.easy.get();
    curl_easy_setopt(easy, CURLOPT_URL, (options_.orders_url + "/v1/orders").c_str());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, slot.body.c_str());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(slot.body.size()));
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, slot.headers.get());
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &on_answer);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &slot.answer);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, &slot);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 10'000L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl_multi_add_handle(multi_.get(), easy);
  }

  Result<void> take_finished() {
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode outcome = message->data.result;
      CURL* easy = message->easy_handle;
      Slot* slot = nullptr;
      long status = 0;
      curl_easy_getinfo(easy, CURLINFO_PRIVATE, &slot);
      curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
      curl_multi_remove_handle(multi_.get(), easy);
      idle_.push_back(slot);
      if (auto settled = settle(*slot, outcome, status); !settled) return settled;
    }
    return {};
  }

  Result<void> settle(const Slot& slot, CURLcode outcome, long status) {
    if (outcome == CURLE_OK && (status == 201 || status == 200)) {
      ++report_.accepted;
      progress_(report_);
      return {};
    }
    const bool refused = outcome == CURLE_OK && status >= 400 && status < 500 && status != 409 &&
                         status != 408 && status != 429;
    if (refused) {
      return Error{
          ErrorCode::invalid_argument,
          fmt::format("{} refused an order with {}: {}", options_.orders_url, status, slot.answer)};
    }
    trouble_ = outcome == CURLE_OK ? fmt::format("status {}", status) : curl_easy_strerror(outcome);
    const auto wait = std::min(kMaxWait, kMinWait * (1 << std::min(slot.attempts - 1, 5)));
    retries_.push({steady_clock::now() + wait, slot.order, slot.attempts});
    ++report_.retries;
    return {};
  }

  const DriverOptions& options_;
  const std::function<void(const DriverReport&)>& progress_;
  const Uuid run_ = Uuid::v7();
  Multi multi_;
  std::vector<Slot> slots_;
  std::vector<Slot*> idle_;
  std::priority_queue<Retry, std::vector<Retry>, std::greater<>> retries_;
  std::int64_t next_ = 0;
  DriverReport report_;
  std::string trouble_;
};

}  // namespace

Result<DriverReport> send_orders(const DriverOptions& options,
                                 const std::function<void(const DriverReport&)>& progress) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  return Driver(options, progress).run();
}

}  // namespace outbox::demo
