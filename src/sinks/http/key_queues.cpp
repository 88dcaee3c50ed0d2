#include "sinks/http/key_queues.hpp"

#include <iterator>
#include <utility>

namespace outbox::http_sink {
namespace {

void move_to(std::vector<Message>& taken, std::deque<Message>& waiting) {
  taken.insert(taken.end(), std::make_move_iterator(waiting.begin()),
               std::make_move_iterator(waiting.end()));
  waiting.clear();
}

}  // namespace

void KeyQueues::push(Message message) {
  Queue& queue = queues_[message.key];
  if (!queue.under_way && queue.waiting.empty()) ready_.push_back(message.key);
  queue.waiting.push_back(std::move(message));
}

std::optional<Message> KeyQueues::next() {
  if (ready_.empty()) return std::nullopt;
  Queue& queue = queues_.at(ready_.front());
  ready_.pop_front();
  Message message = std::move(queue.waiting.front());
  queue.waiting.pop_front();
  queue.under_way = true;
  return message;
}

void KeyQueues::done(const std::string& key) {
  const auto found = queues_.find(key);
  if (found == queues_.end()) return;
  if (found->second.waiting.empty()) {
    queues_.erase(found);
    return;
  }
  found->second.under_way = false;
  ready_.push_back(key);
}

std::vector<Message> KeyQueues::take_behind(const std::string& key) {
  std::vector<Message> taken;
  move_to(taken, queues_.at(key).waiting);
  return taken;
}

std::vector<Message> KeyQueues::take_all() {
  std::vector<Message> taken;
  for (auto queue = queues_.begin(); queue != queues_.end();) {
    move_to(taken, queue->second.waiting);
    queue = queue->second.under_way ? std::next(queue) : queues_.erase(queue);
  }
  ready_.clear();
  return taken;
}

}  // namespace outbox::http_sink
