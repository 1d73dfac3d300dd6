// SPDX-License-Identifier: Apache-2.0
#include <rsx/shard/remote.hpp>

#include <rsx/net/local_transport.hpp>
#include <rsx/shard/memory.hpp>
#include <rsx/shard/service.hpp>

#include "laws.hpp"

namespace net = rsx::net;
namespace shard = rsx::shard;
using namespace shard_laws;

namespace {

class far_away final : public subject {
public:
    explicit far_away(std::size_t credit = limits::stream_credit_bytes,
                      shard::gatekeeper* gate = nullptr, shard::granter* grants = nullptr)
        : served_{shard::wrap(std::ref(model_))},
          service_{gate},
          net_{home(), {.is = net::peer::role::gateway, .id = 1}, rsx::nanos{0}, credit},
          remote_{net_, home(), here, grants},
          store_{shard::wrap(std::ref(remote_))} {
        service_.add(*served_);
        net_.add(here, service_);
    }
    ~far_away() override { (void)run(net_.settled()); }

    shard::any_store& store() override { return *store_; }
    bool flip(const shard::id& which, std::uint64_t at) override { return model_.flip(which, at); }
    shard::any_store& served() { return *served_; }
    net::local_transport& transport() { return net_; }
    shard::service& service() { return service_; }
    shard::remote_store& remote() { return remote_; }

private:
    shard::memory model_{here};
    std::unique_ptr<shard::any_store> served_;
    shard::service service_;
    net::local_transport net_;
    shard::remote_store remote_;
    std::unique_ptr<shard::any_store> store_;
};

// Counts what crosses; may lose an answer.
class observed final : public net::transport {
public:
    explicit observed(net::transport& by) : by_{by} {}
    task<result<net::reply>> call(net::request ask, net::traffic how) override {
        ++calls;
        const bool lost = lose_answers;
        auto asking = by_.call(std::move(ask), how);
        auto said = co_await asking;
        if (lost) co_return rsx::fail(errc::unknown_outcome, "the answer was lost");
        co_return said;
    }
    task<result<std::unique_ptr<net::stream>>> open(net::request ask, net::traffic how) override {
        ++streams;
        return by_.open(std::move(ask), how);
    }
    int calls{0};
    int streams{0};
    bool lose_answers{false};

private:
    net::transport& by_;
};

class one_word final : public shard::granter, public shard::gatekeeper {
public:
    std::string grant(const shard::access& what) override {
        return word + std::to_string(what.op) + to_string(what.to) + shard::name_of(what.which);
    }
    result<void> check(const net::peer& who, const shard::access& what,
                       std::string_view given) override {
        CHECK(who.id == 1);
        if (given ==
            "open " + std::to_string(what.op) + to_string(what.to) + shard::name_of(what.which)) {
            return {};
        }
        return rsx::fail(errc::invalid, "no such grant");
    }
    std::string word{"open "};
};

}  // namespace

TEST_CASE("a shard store on another machine keeps the laws") {
    far_away subject;
    shard_laws::all(subject);
}

TEST_CASE("a shard store on another machine keeps the laws with little credit and a gatekeeper") {
    one_word both;
    far_away subject{1000, &both, &both};
    shard_laws::all(subject);
}

TEST_CASE("an operation without its grant is refused") {
    one_word both;
    far_away s{limits::stream_credit_bytes, &both, &both};
    must_put(s, header_of(1), bytes_for(100'000));
    both.word = "please ";
    CHECK(code_of(read(s, header_of(1).id)) == errc::invalid);
    CHECK(code_of(read(s, header_of(1).id, 0, 1)) == errc::invalid);
    CHECK(code_of(s.run(s.store().head(header_of(1).id))) == errc::invalid);
    CHECK(code_of(s.run(s.store().erase(header_of(1).id))) == errc::invalid);
    CHECK(code_of(s.run(s.store().status())) == errc::invalid);
    CHECK(code_of(s.run(s.remote().ping())) == errc::invalid);
    CHECK(code_of(s.run(s.store().list({}, shard::id_end(), 1))) == errc::invalid);
    CHECK(code_of(s.run(put(&s.store(), header_of(2), bytes_for(10), 8192))) == errc::invalid);
    CHECK(code_of(s.run(put(&s.store(), header_of(2), bytes_for(100'000), 8192))) == errc::invalid);
    CHECK(s.run(s.served().list({}, shard::id_end(), 9))->size() == 1);
}

TEST_CASE("a small shard is one round trip, a large one is one stream") {
    far_away s;
    observed seen{s.transport()};
    shard::remote_store remote{seen, s.home(), here};
    auto store = shard::wrap(std::ref(remote));
    REQUIRE(s.run(put(store.get(), header_of(1), bytes_for(64 * 1024), 8192)));
    CHECK((seen.calls == 1 && seen.streams == 0));
    REQUIRE(s.run(put(store.get(), header_of(2), bytes_for(64 * 1024 + 1), 8192)));
    CHECK((seen.calls == 1 && seen.streams == 1));
    REQUIRE(s.run(store->read(header_of(1).id, {0, 128})));
    CHECK((seen.calls == 2 && seen.streams == 1));
    REQUIRE(s.run(store->read(header_of(1).id, {0, 129})));
    CHECK((seen.calls == 2 && seen.streams == 2));
    CHECK(s.run(remote.ping()));
}

TEST_CASE("when the answer to a seal was lost, trying again is success") {
    for (const std::size_t size : {std::size_t{500}, std::size_t{200'000}}) {
        far_away s;
        observed seen{s.transport()};
        shard::remote_store remote{seen, s.home(), here};
        auto store = shard::wrap(std::ref(remote));
        seen.lose_answers = size == 500;
        const auto first = s.run(put(store.get(), header_of(1), bytes_for(size), 8192));
        if (seen.lose_answers) CHECK(code_of(first) == errc::unknown_outcome);
        seen.lose_answers = false;
        const auto again = s.run(put(store.get(), header_of(1), bytes_for(size), 8192));
        REQUIRE(again);
        CHECK(again->bytes == size);
        CHECK(code_of(s.run(put(store.get(), header_of(1), bytes_for(size, 2), 8192))) ==
              errc::conflict);
    }
}

TEST_CASE("what is addressed to another holder, or unknown, or reserved, is refused") {
    far_away s;
    constexpr rsx::holder replaced{.node = 3, .incarnation = 2};
    s.transport().add(replaced, s.service());
    shard::remote_store other{s.transport(), s.home(), replaced};
    auto store = shard::wrap(std::ref(other));
    auto h = header_of(1);
    h.holder = replaced;
    CHECK(code_of(s.run(put(store.get(), h, bytes_for(10), 8192))) == errc::invalid);
    CHECK(code_of(s.run(put(store.get(), h, bytes_for(100'000), 8192))) == errc::invalid);
    CHECK(code_of(s.run(store->read(h.id, {0, 1}))) == errc::invalid);
    CHECK(code_of(s.run(store->read(h.id, {0, 1000}))) == errc::invalid);
    CHECK(code_of(s.run(store->erase(h.id))) == errc::invalid);
    for (const std::uint16_t op : {shard::op::pull, shard::op::inventory, std::uint16_t{99}}) {
        net::request ask;
        ask.op = op;
        ask.to = here;
        CHECK(code_of(s.run(s.transport().call(ask, net::traffic::foreground))) ==
              errc::unsupported);
        auto stream = s.run(s.transport().open(ask, net::traffic::background));
        REQUIRE(stream);
        CHECK(code_of(s.run((*stream)->read())) == errc::unsupported);
    }
}

TEST_CASE("a service survives whatever bytes a client sends") {
    far_away s;
    must_put(s, header_of(1), bytes_for(20'000));
    const std::vector<std::string> heads{"", std::string(7, '\xff'), std::string(400, 'x')};
    for (std::uint16_t op = 1; op <= shard::op::put; ++op) {
        for (const std::string& head : heads) {
            if (op == shard::op::read_stream) continue;
            net::request ask;
            ask.op = op;
            ask.to = here;
            ask.head = head;
            const auto said = s.run(s.transport().call(ask, net::traffic::foreground));
            CHECK_FALSE(said);
        }
    }
    shard::put_ask what;
    what.about = header_of(2);
    const auto open = [&] {
        net::request ask;
        ask.op = shard::op::write;
        ask.to = here;
        ask.head = shard::packed(what);
        auto stream = s.run(s.transport().open(std::move(ask), net::traffic::foreground));
        REQUIRE(stream);
        return std::move(*stream);
    };
    const auto answer_to = [&](rsx::byte_view bytes) {
        auto stream = open();
        (void)s.run(stream->write(rsx::slice::copy_of(bytes)));
        (void)s.run(stream->finish());
        return code_of(s.run(stream->read()));
    };
    CHECK(answer_to({}) == errc::unavailable);
    CHECK(answer_to(rsx::bytes_of("half")) == errc::unavailable);
    CHECK(answer_to(rsx::bytes_of(std::string(64, '\x09'))) == errc::corrupt);
    CHECK(answer_to(rsx::bytes_of(std::string("\1\0\0\0\xff\xff\xff\xff", 8))) == errc::limit);
    CHECK(answer_to(rsx::bytes_of(std::string("\3\0\0\0\0\0\0\0", 8))) == errc::invalid);
    CHECK(answer_to(rsx::bytes_of(std::string("\1\0\0\0\1\0\0\0wxyz!", 13))) == errc::corrupt);
    CHECK(ids(s) == std::vector{header_of(1).id});
}

TEST_CASE("a stream that breaks off before its seal leaves nothing") {
    far_away s;
    auto writer = begun(s, header_of(1));
    REQUIRE(append(s, *writer, header_of(1), bytes_for(1 << 20)));
    writer.reset();
    REQUIRE(s.run(s.transport().settled()));
    CHECK(ids(s).empty());
}

TEST_CASE("a store whose machine is gone is unavailable") {
    far_away s;
    s.transport().remove(here);
    CHECK(code_of(s.run(put(&s.store(), header_of(1), bytes_for(10), 8192))) == errc::unavailable);
    CHECK(code_of(s.run(put(&s.store(), header_of(1), bytes_for(100'000), 8192))) ==
          errc::unavailable);
    CHECK(code_of(read(s, header_of(1).id)) == errc::unavailable);
    CHECK(code_of(s.run(s.remote().ping())) == errc::unavailable);
}
