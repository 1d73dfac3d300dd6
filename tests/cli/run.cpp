// SPDX-License-Identifier: Apache-2.0
#include "run.hpp"

#include "catch.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <random>
#include <sstream>
#include <thread>

namespace fs = std::filesystem;

namespace {

std::string whole(const fs::path& file) {
    std::ifstream in{file, std::ios::binary};
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

std::vector<char*> pointers(words& all) {
    std::vector<char*> out;
    for (std::string& one : all) out.push_back(one.data());
    out.push_back(nullptr);
    return out;
}

words environment_with(const std::map<std::string, std::string>& more) {
    words all;
    for (char** at = environ; *at != nullptr; ++at) {
        const std::string one = *at;
        if (!one.starts_with("RSX_") && !one.starts_with("AWS_")) all.push_back(one);
    }
    for (const auto& [name, value] : more) all.push_back(name + "=" + value);
    return all;
}

}  // namespace

ran workbench::rsx(const words& arguments, const std::string& input) const {
    const temporary_directory pipes;
    std::ofstream{pipes.file("in"), std::ios::binary} << input;
    words command{RSX_PROGRAM};
    command.insert(command.end(), arguments.begin(), arguments.end());
    words variables = environment_with(environment);
    const auto argv = pointers(command);
    const auto envp = pointers(variables);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        const std::string out = keep_output ? pipes.file("out") : "/dev/null";
        const int in_file = ::open(pipes.file("in").c_str(), O_RDONLY);
        const int out_file = ::open(out.c_str(), O_WRONLY | O_CREAT, 0600);
        const int err_file = ::open(pipes.file("err").c_str(), O_WRONLY | O_CREAT, 0600);
        ::dup2(in_file, 0);
        ::dup2(out_file, 1);
        ::dup2(err_file, 2);
        ::alarm(240);  // nothing here may take longer
        ::execve(argv[0], argv.data(), envp.data());
        ::_exit(127);
    }
    int how = 0;
    rusage used{};
    REQUIRE(::wait4(child, &how, 0, &used) == child);
    ran made;
    made.code = WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
    if (keep_output) made.out = whole(pipes.file("out"));
    made.err = whole(pipes.file("err"));
    made.peak_kib = used.ru_maxrss;
    return made;
}

void workbench::write(const std::string& name, const std::string& bytes) const {
    fs::create_directories(fs::path{file(name)}.parent_path());
    std::ofstream{file(name), std::ios::binary} << bytes;
}

std::string workbench::read(const std::string& name) const { return whole(file(name)); }

bool workbench::exists(const std::string& name) const { return fs::exists(file(name)); }

words workbench::names(const std::string& folder) const {
    words all;
    std::error_code none;
    for (const auto& one : fs::directory_iterator{file(folder), none})
        all.push_back(one.path().filename().string());
    std::ranges::sort(all);
    return all;
}

void workbench::flip(const std::string& name, std::uint64_t at) const {
    std::fstream both{file(name), std::ios::binary | std::ios::in | std::ios::out};
    both.seekg(static_cast<std::streamoff>(at));
    const int byte = both.get();
    both.seekp(static_cast<std::streamoff>(at));
    both.put(static_cast<char>(byte ^ 4));
    REQUIRE(both.good());
}

std::string some_bytes(std::size_t size, std::uint64_t seed) {
    std::mt19937_64 next{seed};
    std::string bytes(size, '\0');
    std::size_t at = 0;
    for (; at + 8 <= size; at += 8) {
        const std::uint64_t word = next();
        std::copy_n(reinterpret_cast<const char*>(&word), 8, bytes.begin() + static_cast<long>(at));
    }
    for (; at < size; ++at) bytes[at] = static_cast<char>(next());
    return bytes;
}

std::uint16_t free_port() {
    const int door = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    REQUIRE(::bind(door, reinterpret_cast<const sockaddr*>(&at), size) == 0);
    REQUIRE(::getsockname(door, reinterpret_cast<sockaddr*>(&at), &size) == 0);
    ::close(door);
    return ntohs(at.sin_port);
}

background::background(const words& command, const std::string& log) {
    words all = command;
    words variables = environment_with({});
    const auto argv = pointers(all);
    const auto envp = pointers(variables);
    child_ = ::fork();
    REQUIRE(child_ >= 0);
    if (child_ == 0) {
        const int to = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
        ::dup2(to, 1);
        ::dup2(to, 2);
        ::alarm(280);
        ::execve(argv[0], argv.data(), envp.data());
        ::_exit(127);
    }
}

background::~background() {
    if (child_ < 0) return;
    ::kill(child_, SIGTERM);
    for (int i = 0; i < 200; ++i) {
        if (::waitpid(child_, nullptr, WNOHANG) == child_) return;
        std::this_thread::sleep_for(std::chrono::milliseconds{50});
    }
    kill_now();
}

void background::kill_now() {
    if (child_ < 0) return;
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
    child_ = -1;
}
