// SPDX-License-Identifier: Apache-2.0
#include <rsx/s3/condition.hpp>

#include "example.hpp"

namespace s3 = rsx::s3;
using s3::verdict;

namespace {

constexpr std::int64_t modified_ms = 1'369'353'600'700;  // 0.7 s into a second
const std::string before = "Thu, 23 May 2013 23:59:59 GMT";
const std::string same = "Fri, 24 May 2013 00:00:00 GMT";
const std::string after = "Fri, 24 May 2013 00:00:01 GMT";
const s3::state_of_object object{"abc", modified_ms};

verdict judged(s3::header_list headers) {
    return s3::judge_read(s3::conditions_of(headers), object);
}

}  // namespace

TEST_CASE("a read without conditions proceeds") {
    CHECK(judged({}) == verdict::proceed);
    CHECK_FALSE(s3::conditions_of({}).any());
}

TEST_CASE("tags match quoted or not, one of a list, or any") {
    for (const auto* tag : {"abc", "\"abc\"", "\"x\", \"abc\"", "*", "ABC", "W/\"abc\""})
        CHECK(judged({{"If-Match", tag}}) == verdict::proceed);
    CHECK(judged({{"If-Match", "\"abd\""}}) == verdict::failed);
    CHECK(judged({{"If-None-Match", "\"abc\""}}) == verdict::not_modified);
    CHECK(judged({{"If-None-Match", "*"}}) == verdict::not_modified);
    CHECK(judged({{"If-None-Match", "\"abd\""}}) == verdict::proceed);
}

TEST_CASE("moments are compared in whole seconds") {
    CHECK(judged({{"If-Modified-Since", before}}) == verdict::proceed);
    CHECK(judged({{"If-Modified-Since", same}}) == verdict::not_modified);
    CHECK(judged({{"If-Modified-Since", after}}) == verdict::not_modified);
    CHECK(judged({{"If-Unmodified-Since", before}}) == verdict::failed);
    CHECK(judged({{"If-Unmodified-Since", same}}) == verdict::proceed);
    CHECK(judged({{"If-Unmodified-Since", "yesterday"}}) == verdict::proceed);
}

TEST_CASE("tags come before dates") {
    CHECK(judged({{"If-Match", "abc"}, {"If-Unmodified-Since", before}}) == verdict::proceed);
    CHECK(judged({{"If-Match", "x"}, {"If-Unmodified-Since", after}}) == verdict::failed);
    CHECK(judged({{"If-None-Match", "abc"}, {"If-Modified-Since", before}}) ==
          verdict::not_modified);
    CHECK(judged({{"If-None-Match", "x"}, {"If-Modified-Since", after}}) == verdict::proceed);
    CHECK(judged({{"If-Match", "abc"}, {"If-None-Match", "abc"}}) == verdict::not_modified);
}

TEST_CASE("the source of a copy is judged by headers of its own, and never 304") {
    const auto judge = [](s3::header_list headers) {
        return s3::judge_copy_source(s3::copy_conditions_of(headers), object);
    };
    CHECK(judge({{"If-Match", "x"}}).has_value());
    CHECK(judge({{"x-amz-copy-source-if-match", "abc"},
                 {"x-amz-copy-source-if-unmodified-since", before}})
              .has_value());
    for (const s3::header& condition :
         {s3::header{"x-amz-copy-source-if-match", "x"},
          s3::header{"x-amz-copy-source-if-none-match", "abc"},
          s3::header{"x-amz-copy-source-if-modified-since", after},
          s3::header{"x-amz-copy-source-if-unmodified-since", before}})
        CHECK(judge({condition}).error().code == s3::error_code::precondition_failed);
}

TEST_CASE("a write may ask for a certain object, or for none, to be there") {
    using s3::error_code;
    const auto judge = [](s3::header_list headers, std::optional<s3::state_of_object> current) {
        return s3::judge_write(s3::conditions_of(headers), current);
    };
    CHECK(judge({}, std::nullopt).has_value());
    CHECK(judge({{"If-None-Match", "*"}}, std::nullopt).has_value());
    CHECK(judge({{"If-None-Match", "*"}}, object).error().code == error_code::precondition_failed);
    CHECK(judge({{"If-None-Match", "abc"}}, object).error().code == error_code::not_implemented);
    CHECK(judge({{"If-Match", "\"abc\""}}, object).has_value());
    CHECK(judge({{"If-Match", "x"}}, object).error().code == error_code::precondition_failed);
    CHECK(judge({{"If-Match", "x"}}, std::nullopt).error().code == error_code::no_such_key);
}
