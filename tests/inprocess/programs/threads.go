// SPDX-License-Identifier: MIT
// Reads by eight goroutines, a command, a connection to itself (programs.py).
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"sync"
)

func main() {
	var all sync.WaitGroup
	for i := 0; i < 8; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			f, _ := os.Open("/dev/zero")
			b := make([]byte, 1)
			for k := 0; k < 1000; k++ {
				f.Read(b)
			}
			f.Close()
		}()
	}
	all.Wait()
	out, err := exec.Command("sh", "-c", "head -c 200 /dev/zero | wc -c").Output()
	fmt.Println(string(out), err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return
	}
	go func() {
		c, _ := l.Accept()
		io.Copy(c, c)
		c.Close()
	}()
	c, _ := net.Dial("tcp", l.Addr().String())
	b := make([]byte, 1)
	for i := 0; i < 200; i++ {
		c.Write([]byte("x"))
		c.Read(b)
	}
	fmt.Println("end")
}
