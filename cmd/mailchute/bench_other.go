//go:build !linux

package main

// cpuNow does not know here.
func cpuNow() cpuTime { return cpuTime{} }

// begin does not know here.
func (m *memoryUse) begin() {}

// end does not know here.
func (m *memoryUse) end() {}

// fileSystemOf does not know here.
func fileSystemOf(string) fileSystem { return fileSystem{} }
