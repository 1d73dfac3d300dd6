#!/usr/bin/env bash
# The scripts of the house do what they say, with a Debian made of stand-ins.
# Usage: scripts.sh ROOT; prints what went wrong and ends with 1.
set -u
root=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PATH=$work/bin:$PATH WORK=$work
mkdir "$work/bin"
wrong=0
check() { # check SENTENCE EXPECTED ACTUAL
    if [ "$2" != "$3" ]; then
        printf 'not so: %s\n  expected: %s\n  but was:  %s\n' "$1" "$2" "$3"
        wrong=1
    fi
}

# A package is installed if it stands in installed, exists if it stands in available.
cat >"$work/bin/dpkg-query" <<'END'
#!/bin/sh
for last; do :; done
grep -qx "$last" "$WORK/installed" && printf installed
END
cat >"$work/bin/apt-cache" <<'END'
#!/bin/sh
if grep -qx "$2" "$WORK/available"; then echo "  Candidate: 1.0"; else echo "  Candidate: (none)"; fi
END
cat >"$work/bin/apt-get" <<'END'
#!/bin/sh
for word; do case $word in -* | *=*) ;; *) printf '%s ' "$word" >>"$WORK/asked" ;; esac; done
case " $* " in *" install "*) [ ! -e "$WORK/broken" ] || { echo "no space left"; exit 100; } ;; esac
END
cat >"$work/bin/sudo" <<'END'
#!/bin/sh
printf 'sudo ' >>"$WORK/asked"
exec "$@"
END
cat >"$work/bin/id" <<'END'
#!/bin/sh
cat "$WORK/uid"
END
chmod +x "$work/bin"/*

run() {
    : >"$work/asked"
    said=$("$root/cmake/install-packages" "$@" 2>&1)
    code=$?
    asked=$(sed 's/ $//' "$work/asked")
}

echo 0 >"$work/uid"
printf 'one\ntwo\nnew-three\n' >"$work/available"
printf 'one\ntwo\n' >"$work/installed"
run one two
check "it is quiet when all is there" "0||" "$code|$said|$asked"
run one 'absent|two'
check "one of two choices is enough" "0||" "$code|$said|$asked"
run one 'old-three|new-three'
check "the choice that exists is installed" "0|update install new-three" "$code|$asked"
echo 1000 >"$work/uid"
run new-three
check "a user who is not root asks sudo" "0|sudo update sudo install new-three" "$code|$asked"
echo 0 >"$work/uid"
touch "$work/broken"
run new-three
check "what apt says is shown when it fails" "1|no space left" "$code|$(tail -n1 <<<"$said")"
rm "$work/broken"
sed -e 's/#.*//' -e '/^$/d' -e 's/.*|//' "$root/cmake/packages.debian" >"$work/installed"
run
check "without words it reads the list" "0||" "$code|$said|$asked"

# tests/count is stricter than the sums of ctest.
cat >"$work/report.xml" <<'END'
<testsuite tests="6" failures="1" disabled="1" skipped="3">
<testcase name="good" status="run"><system-out>fine</system-out></testcase>
<testcase name="bad" status="fail"><failure message="Failed"/></testcase>
<testcase name="away" status="notrun"><skipped message="SKIP_REGULAR_EXPRESSION_MATCHED"/>
<system-out>x.cpp:3: warning:
  skipped: no etcd here
</system-out></testcase>
<testcase name="liar" status="notrun"><skipped message="SKIP_REGULAR_EXPRESSION_MATCHED"/>
<system-out>  skipped: no etcd here
x.cpp:9: FAILED:
</system-out></testcase>
<testcase name="lost" status="notrun"><skipped message="Unable to find executable"/></testcase>
<testcase name="off" status="disabled"/>
</testsuite>
END
check "what was not found or failed has failed" "1 3 2" \
    "$("$root/tests/count" "$work/report.xml" 2>"$work/named")"
check "what was skipped is named with its reason" "skipped: away: no etcd here" \
    "$(head -n2 "$work/named" | tail -n1)"
exit $wrong
