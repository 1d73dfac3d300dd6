// SPDX-License-Identifier: Apache-2.0

// What the engine refuses, in S3's words.
//
//     auto stored = co_await engine.put(...);
//     if (!stored) co_return std::unexpected(gateway::refusal_of(stored.error()));
//
// The engine names its refusals (object/errors.hpp); each has one S3 code here, and what has none
// is read by its errc: not now is 503 and may be tried again, our own trouble is 500.
#pragma once

#include <rsx/object/errors.hpp>
#include <rsx/s3/error.hpp>

#include <array>
#include <utility>

namespace rsx::gateway {

inline constexpr std::array refusals{
    std::pair{object::no_such_bucket, s3::error_code::no_such_bucket},
    std::pair{object::no_such_key, s3::error_code::no_such_key},
    std::pair{object::no_such_version, s3::error_code::no_such_version},
    std::pair{object::no_such_upload, s3::error_code::no_such_upload},
    std::pair{object::no_such_part, s3::error_code::invalid_part},
    std::pair{object::bucket_exists_yours, s3::error_code::bucket_already_owned_by_you},
    std::pair{object::bucket_exists_others, s3::error_code::bucket_already_exists},
    std::pair{object::bucket_not_empty, s3::error_code::bucket_not_empty},
    std::pair{object::precondition_failed, s3::error_code::precondition_failed},
    std::pair{object::operation_aborted, s3::error_code::operation_aborted},
    std::pair{object::key_too_long, s3::error_code::key_too_long},
    std::pair{object::key_empty, s3::error_code::invalid_uri},
    std::pair{object::metadata_too_large, s3::error_code::metadata_too_large},
    std::pair{object::entity_too_small, s3::error_code::entity_too_small},
    std::pair{object::entity_too_large, s3::error_code::entity_too_large},
    std::pair{object::invalid_part, s3::error_code::invalid_part},
    std::pair{object::invalid_part_order, s3::error_code::invalid_part_order},
    std::pair{object::invalid_part_number, s3::error_code::invalid_argument},
    std::pair{object::invalid_range, s3::error_code::invalid_range},
    std::pair{object::invalid_code, s3::error_code::invalid_argument},
    std::pair{object::incomplete_body, s3::error_code::incomplete_body},
    std::pair{object::bad_digest, s3::error_code::bad_digest},
    std::pair{object::bad_checksum, s3::error_code::bad_digest},
    std::pair{object::slow_down, s3::error_code::slow_down},
    std::pair{object::not_enough_nodes, s3::error_code::service_unavailable},
    std::pair{object::too_many_conflicts, s3::error_code::slow_down},
    std::pair{object::data_lost, s3::error_code::service_unavailable},
};

[[nodiscard]] inline s3::error refusal_of(const rsx::error& e) {
    for (const auto& [engine_says, code] : refusals) {
        if (e.code == engine_says.code && e.why == engine_says.why) {
            s3::error refused{code};
            if (code == s3::error_code::invalid_argument) refused.message = e.why.c_str();
            return refused;
        }
    }
    switch (e.code) {
        case errc::not_found:
        case errc::conflict:
        case errc::limit: return {s3::error_code::internal_error};  // unnamed: not the client's
        default: return s3::error_of(e);
    }
}

}  // namespace rsx::gateway
