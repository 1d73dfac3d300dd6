// SPDX-License-Identifier: Apache-2.0

// klauspost/reedsolomon as a contender: the same questions and answers as bench.hpp, on one thread.
package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"syscall"

	rs "github.com/klauspost/reedsolomon"
)

type cell struct {
	op    string
	k, m  int
	bytes int
}

func (c cell) lost() int {
	if c.op == "repair1" {
		return 1
	}
	return min(c.m, c.k)
}

func seconds() float64 {
	const thread = 1 // RUSAGE_THREAD
	var u syscall.Rusage
	if err := syscall.Getrusage(thread, &u); err != nil {
		panic(err)
	}
	return float64(u.Utime.Sec+u.Stime.Sec) + 1e-6*float64(u.Utime.Usec+u.Stime.Usec)
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func setup(c cell) func() {
	wide := c.op[0] == 'w' // wide-encode, wide-repair, wide-repair1: leopard's algorithm
	options := []rs.Option{rs.WithMaxGoroutines(1)}
	if c.op == "small" {
		options = append(options, rs.WithInversionCache(false))
	}
	if wide {
		options = append(options, rs.WithLeopardGF(true))
	}
	code, err := rs.New(c.k, c.m, options...)
	if err != nil {
		return nil
	}
	stride := (c.bytes+63)/64*64 + 5*64
	memory := make([]byte, (c.k+c.m)*stride+64)
	for i := range memory {
		memory[i] = byte(i * 7)
	}
	shards := make([][]byte, c.k+c.m)
	for i := range shards {
		shards[i] = memory[i*stride : i*stride+c.bytes : i*stride+c.bytes]
	}
	if err := code.Encode(shards); err != nil {
		return nil
	}
	spare := make([][]byte, c.k+c.m)
	lost := c.lost()
	if c.op == "wide-repair1" {
		lost = 1
	}
	switch c.op {
	case "encode", "wide-encode":
		return func() { must(code.Encode(shards)) }
	case "verify":
		return func() {
			if ok, err := code.Verify(shards); err != nil || !ok {
				panic("verify")
			}
		}
	case "update":
		changed := make([][]byte, c.k)
		changed[1] = make([]byte, c.bytes)
		return func() { must(code.Update(shards, changed)) }
	case "repair", "repair1", "small", "wide-repair", "wide-repair1":
		return func() {
			copy(spare, shards)
			for i := 0; i < lost; i++ {
				spare[i] = shards[i][:0]
			}
			must(code.ReconstructData(spare))
		}
	}
	return nil
}

func main() {
	runtime.GOMAXPROCS(1)
	runtime.LockOSThread()
	in := bufio.NewScanner(os.Stdin)
	var known cell
	var run func()
	times := 1
	for in.Scan() {
		var c cell
		if _, err := fmt.Sscan(in.Text(), &c.op, &c.k, &c.m, &c.bytes); err != nil {
			fmt.Println("-")
			continue
		}
		if c != known {
			run = nil
			runtime.GC()
			run = setup(c)
			known = c
			times = 1
		}
		if run == nil {
			fmt.Println("-")
			continue
		}
		run()
		for ; ; times *= 2 {
			begin := seconds()
			for i := 0; i < times; i++ {
				run()
			}
			if spent := seconds() - begin; spent >= 0.015 {
				fmt.Printf("%.4f\n", float64(c.k)*float64(c.bytes)*float64(times)/spent*1e-9)
				break
			}
		}
	}
}
