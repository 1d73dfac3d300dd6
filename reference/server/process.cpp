// SPDX-License-Identifier: Apache-2.0
#include "process.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace rsxd {
namespace {

sigset_t ending_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    return set;
}

void notify(const std::string& message) {
    const char* where = std::getenv("NOTIFY_SOCKET");
    if (where == nullptr || (where[0] != '/' && where[0] != '@')) return;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::size_t size = std::strlen(where);
    if (size >= sizeof address.sun_path) return;
    std::memcpy(address.sun_path, where, size);
    if (where[0] == '@') address.sun_path[0] = '\0';  // the abstract namespace
    const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return;
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size);
    // Whether anyone listens is not our concern.
    (void)!::sendto(fd, message.data(), message.size(), MSG_NOSIGNAL,
                    reinterpret_cast<const sockaddr*>(&address), length);
    ::close(fd);
}

}  // namespace

process::process() {
    const sigset_t set = ending_signals();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
}

void process::ready(const std::string& status) const { notify("READY=1\nSTATUS=" + status + "\n"); }
void process::stopping() const { notify("STOPPING=1\n"); }

int process::wait_for_end() const {
    const sigset_t set = ending_signals();
    int which = 0;
    while (sigwait(&set, &which) != 0) {
    }
    return which;
}

std::string settle_keys(config& settings, bool& development) {
    const char* access = std::getenv("RSX_ACCESS_KEY");
    const char* secret = std::getenv("RSX_SECRET_KEY");
    development = false;
    if (access != nullptr || secret != nullptr) {
        if (access == nullptr || secret == nullptr || *access == '\0' || *secret == '\0')
            return "RSX_ACCESS_KEY and RSX_SECRET_KEY must be set together";
        settings.auth = {{access, secret, access, access}};
    }
    if (settings.auth.empty()) {
        settings.auth.push_back({development_access_key, development_secret_key,
                                 development_access_key, "development"});
    }
    for (const credential& each : settings.auth)
        development = development || each.secret_key == development_secret_key;
    if (development && !is_loopback(settings.listen.host))
        return "the development keys are for loopback only; give [[auth]] or RSX_ACCESS_KEY and "
               "RSX_SECRET_KEY to listen at " +
               settings.listen.host;
    return {};
}

void complain(const std::string& what) { std::fprintf(stderr, "rsxd: %s\n", what.c_str()); }

}  // namespace rsxd
