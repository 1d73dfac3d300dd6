// SPDX-License-Identifier: Apache-2.0

// Numbers that operators watch: counters, gauges and histograms, rendered as Prometheus text.
//
// A metric is registered once, by name and labels, and kept as a reference; from then on counting
// is one relaxed atomic addition and takes no lock. The registry locks only to register and to
// render. Asking again for the same name and labels gives the same metric.
//
//     rsx::metrics::registry metrics;
//     auto& puts = metrics.counter("rsx_requests_total", "Requests by verb", {{"verb", "put"}});
//     puts.add();
//     std::string page = metrics.text();      // rsx_requests_total{verb="put"} 1
//
// Names begin with rsx_ and hold [a-z0-9_]; a name has one kind for ever (both asserted). A family
// holds at most limits::metric_series_max series: further label values share one series labelled
// overflow="true", so that input cannot grow it. References live as long as the registry. Any
// thread may use anything here.
#pragma once

#include <rsx/core/assert.hpp>
#include <rsx/core/limits.hpp>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <initializer_list>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rsx::metrics {

// Only grows: requests, bytes, errors.
class counter {
public:
    void add(std::uint64_t n = 1) noexcept { value_.fetch_add(n, std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t value() const noexcept {
        return value_.load(std::memory_order_relaxed);
    }

private:
    std::atomic<std::uint64_t> value_{0};
};

// Goes up and down: connections open, cells owed.
class gauge {
public:
    void set(std::int64_t value) noexcept { value_.store(value, std::memory_order_relaxed); }
    void add(std::int64_t n = 1) noexcept { value_.fetch_add(n, std::memory_order_relaxed); }
    void sub(std::int64_t n = 1) noexcept { value_.fetch_sub(n, std::memory_order_relaxed); }
    [[nodiscard]] std::int64_t value() const noexcept {
        return value_.load(std::memory_order_relaxed);
    }

private:
    std::atomic<std::int64_t> value_{0};
};

// Counts observations by size: bucket i counts those <= bounds[i], the last one all others.
// Renders cumulative, as Prometheus wants it. Bounds ascend.
class histogram {
public:
    explicit histogram(std::vector<double> bounds)
        : bounds_{std::move(bounds)}, counts_(bounds_.size() + 1) {
        RSX_ASSERT(std::is_sorted(bounds_.begin(), bounds_.end()));
    }

    void observe(double value) noexcept {
        const auto at = std::lower_bound(bounds_.begin(), bounds_.end(), value);
        const auto bucket = static_cast<std::size_t>(at - bounds_.begin());
        counts_[bucket].fetch_add(1, std::memory_order_relaxed);
        sum_.fetch_add(value, std::memory_order_relaxed);
    }

    [[nodiscard]] const std::vector<double>& bounds() const noexcept { return bounds_; }
    [[nodiscard]] double sum() const noexcept { return sum_.load(std::memory_order_relaxed); }
    // Of one bucket alone, not cumulative; index bounds().size() is the last.
    [[nodiscard]] std::uint64_t count(std::size_t bucket) const noexcept {
        return counts_[bucket].load(std::memory_order_relaxed);
    }

private:
    std::vector<double> bounds_;
    std::vector<std::atomic<std::uint64_t>> counts_;
    std::atomic<double> sum_{0};
};

// Seconds, from a millisecond to ten: the latencies of requests.
[[nodiscard]] inline std::vector<double> latency_bounds() {
    return {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
}

using labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

namespace detail {

enum class kind { counter, gauge, histogram, computed };

[[nodiscard]] inline const char* type_of(kind k) noexcept {
    if (k == kind::counter) return "counter";
    return k == kind::histogram ? "histogram" : "gauge";
}

// A label's value or a help text: backslash, newline and (in values) the quote are escaped.
[[nodiscard]] inline std::string escaped(std::string_view text, bool quotes) {
    std::string out;
    for (const char c : text) {
        if (c == '\\' || (quotes && c == '"')) out += '\\';
        if (c == '\n')
            out += "\\n";
        else
            out += c;
    }
    return out;
}

// verb="put",code="200": what stands between the braces, and the key of a series.
[[nodiscard]] inline std::string rendered(labels of) {
    std::string out;
    for (const auto& [name, value] : of) {
        if (!out.empty()) out += ',';
        out.append(name).append("=\"").append(escaped(value, true)).append("\"");
    }
    return out;
}

[[nodiscard]] inline std::string number(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
    char text[32];
    const int size = std::snprintf(text, sizeof text, "%.15g", value);
    return {text, static_cast<std::size_t>(size)};
}

struct family {
    kind is;
    std::string help;
    std::map<std::string, counter> counters;
    std::map<std::string, gauge> gauges;
    std::map<std::string, histogram> histograms;
    std::map<std::string, std::function<double()>> computed;
};

}  // namespace detail

class registry {
public:
    metrics::counter& counter(std::string_view name, std::string_view help, labels of = {}) {
        const std::lock_guard hold{lock_};
        auto& series = family(name, help, detail::kind::counter).counters;
        return series.try_emplace(key(series, of)).first->second;
    }
    metrics::gauge& gauge(std::string_view name, std::string_view help, labels of = {}) {
        const std::lock_guard hold{lock_};
        auto& series = family(name, help, detail::kind::gauge).gauges;
        return series.try_emplace(key(series, of)).first->second;
    }
    metrics::histogram& histogram(std::string_view name, std::string_view help,
                                  std::vector<double> bounds = latency_bounds(), labels of = {}) {
        const std::lock_guard hold{lock_};
        auto& series = family(name, help, detail::kind::histogram).histograms;
        return series.try_emplace(key(series, of), std::move(bounds)).first->second;
    }
    // A gauge that is asked when the page is rendered. The function may be called by any thread,
    // must not call the registry, and is replaced when registered again.
    void computed(std::string_view name, std::string_view help, labels of,
                  std::function<double()> ask) {
        const std::lock_guard hold{lock_};
        auto& series = family(name, help, detail::kind::computed).computed;
        series.insert_or_assign(key(series, of), std::move(ask));
    }

    // The Prometheus text page (version 0.0.4), families and series in the order of their names.
    [[nodiscard]] std::string text() const {
        const std::lock_guard hold{lock_};
        std::string out;
        for (const auto& [name, family] : families_) {
            out += "# HELP " + name + " " + detail::escaped(family.help, false) + "\n";
            out += "# TYPE " + name + " " + detail::type_of(family.is) + "\n";
            for (const auto& [of, one] : family.counters)
                line(out, name, of, std::to_string(one.value()));
            for (const auto& [of, one] : family.gauges)
                line(out, name, of, std::to_string(one.value()));
            for (const auto& [of, one] : family.computed)
                line(out, name, of, detail::number(one()));
            for (const auto& [of, one] : family.histograms) render(out, name, of, one);
        }
        return out;
    }

private:
    detail::family& family(std::string_view name, std::string_view help, detail::kind is) {
        RSX_ASSERT(name.starts_with("rsx_"));
        RSX_ASSERT(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == name.npos);
        auto at = families_.find(name);
        if (at == families_.end())
            at = families_.emplace(name, detail::family{is, std::string{help}, {}, {}, {}, {}})
                     .first;
        RSX_ASSERT(at->second.is == is);
        return at->second;
    }

    template <class Series>
    [[nodiscard]] static std::string key(const Series& series, labels of) {
        auto wanted = detail::rendered(of);
        if (!series.contains(wanted) && series.size() >= limits::metric_series_max)
            return "overflow=\"true\"";
        return wanted;
    }

    static void line(std::string& out, std::string_view name, std::string_view of,
                     std::string_view value) {
        out += name;
        if (!of.empty()) out.append("{").append(of).append("}");
        out.append(" ").append(value).append("\n");
    }

    static void render(std::string& out, const std::string& name, const std::string& of,
                       const metrics::histogram& one) {
        const std::string before = of.empty() ? "" : of + ",";
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i <= one.bounds().size(); ++i) {
            const bool last = i == one.bounds().size();
            sum += one.count(i);
            const std::string le = last ? "+Inf" : detail::number(one.bounds()[i]);
            line(out, name + "_bucket", before + "le=\"" + le + "\"", std::to_string(sum));
        }
        line(out, name + "_sum", of, detail::number(one.sum()));
        line(out, name + "_count", of, std::to_string(sum));
    }

    mutable std::mutex lock_;
    std::map<std::string, detail::family, std::less<>> families_;
};

}  // namespace rsx::metrics
