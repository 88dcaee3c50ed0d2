#include "sinks/http/outcome.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outbox::http_sink {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

Outcome judge(const Exchange& exchange) {
  Endpoint endpoint;
  endpoint.name = "https://example.com/events";
  endpoint.confidential = {"hunter22"};
  return outcome_of(exchange, endpoint, seconds(60));
}

Outcome answered(long status, seconds retry_after = seconds(0)) {
  Exchange exchange;
  exchange.status = status;
  exchange.retry_after = retry_after;
  return judge(exchange);
}

Outcome failed(CURLcode code) {
  Exchange exchange;
  exchange.code = code;
  exchange.problem = curl_easy_strerror(code);
  return judge(exchange);
}

TEST(Outcome, ASuccessIsDelivered) {
  for (const long status : {200, 201, 202, 204, 299}) {
    EXPECT_FALSE(answered(status).error.has_value()) << status;
  }
}

TEST(Outcome, MostClientErrorsAreTheMessages) {
  for (const long status : {400, 402, 406, 409, 410, 411, 413, 415, 418, 422, 431, 451, 499}) {
    const auto outcome = answered(status);
    ASSERT_TRUE(outcome.error.has_value()) << status;
    EXPECT_EQ(outcome.error->code, ErrorCode::message_rejected) << status;
    EXPECT_FALSE(outcome.of_destination) << status;
    EXPECT_THAT(outcome.error->message, HasSubstr("answered " + std::to_string(status)));
  }
  EXPECT_THAT(answered(410).error->message, HasSubstr("gone"));
}

TEST(Outcome, WhatConcernsEveryMessageIsTheDestinations) {
  for (const long status : {300, 301, 302, 304, 307, 308, 401, 403, 404, 405, 407,
                            408, 425, 429, 501, 502, 503, 504, 507, 599, 600}) {
    const auto outcome = answered(status);
    ASSERT_TRUE(outcome.error.has_value()) << status;
    EXPECT_EQ(outcome.error->code, ErrorCode::destination_unavailable) << status;
    EXPECT_TRUE(outcome.of_destination) << status;
  }
  EXPECT_THAT(answered(302).error->message, HasSubstr("not followed"));
  EXPECT_THAT(answered(401).error->message, HasSubstr("credentials"));
  EXPECT_THAT(answered(404).error->message, HasSubstr("sink.http.url"));
}

TEST(Outcome, AServerErrorMayBeOneMessages) {
  const auto outcome = answered(500);
  EXPECT_EQ(outcome.error->code, ErrorCode::destination_unavailable);
  EXPECT_FALSE(outcome.of_destination);
}

TEST(Outcome, WithoutAnAnswerTheDestinationHasFailed) {
  for (const auto code :
       {CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT, CURLE_OPERATION_TIMEDOUT,
        CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_RECV_ERROR, CURLE_SEND_ERROR,
        CURLE_GOT_NOTHING, CURLE_WRITE_ERROR, CURLE_UNSUPPORTED_PROTOCOL}) {
    const auto outcome = failed(code);
    ASSERT_TRUE(outcome.error.has_value()) << code;
    EXPECT_EQ(outcome.error->code, ErrorCode::destination_unavailable) << code;
    EXPECT_TRUE(outcome.of_destination) << code;
    EXPECT_THAT(outcome.error->message, HasSubstr("https://example.com/events")) << code;
  }
}

TEST(Outcome, AStatusCountsWhateverBecomesOfTheBody) {
  Exchange exchange;
  exchange.code = CURLE_OPERATION_TIMEDOUT;
  exchange.status = 200;
  EXPECT_FALSE(judge(exchange).error.has_value());
}

TEST(Outcome, APauseIsAskedForWith429And503Only) {
  EXPECT_EQ(answered(429, seconds(7)).pause, seconds(7));
  EXPECT_EQ(answered(503, seconds(7)).pause, seconds(7));
  EXPECT_EQ(answered(500, seconds(7)).pause, seconds(0));
  EXPECT_EQ(answered(400, seconds(7)).pause, seconds(0));
  EXPECT_EQ(answered(429).pause, seconds(0));
  EXPECT_EQ(answered(429, seconds(-7)).pause, seconds(0));
  EXPECT_EQ(answered(429, seconds(61)).pause, seconds(60));
  EXPECT_EQ(answered(429, seconds::max()).pause, seconds(60));
}

TEST(Outcome, TheAnswersBeginningIsShownPrintableAndWithoutSecrets) {
  Exchange exchange;
  exchange.status = 400;
  exchange.body = "bad \x1b[0m hunter22 hunter22" + std::string(4'000, 'x');
  const auto outcome = judge(exchange);
  EXPECT_THAT(outcome.error->message, HasSubstr(R"(answered 400: bad \x1b[0m *** ***xxx)"));
  EXPECT_THAT(outcome.error->message, Not(HasSubstr("hunter22")));
  EXPECT_LT(outcome.error->message.size(), 400U);
}

}  // namespace
}  // namespace outbox::http_sink
