package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// target is a node to measure. The first target of a run is the reference.
type target struct {
	name    string   // for people
	node    string   // the full node name
	needs   []string // programs without which it is skipped
	prepare func(s *testbed) error
	command func(s *testbed) []string
	env     []string
	does    string // what it does with a request, and what it lacks
}

const beamNode, goNode = "beam@localhost", "gonode@localhost"

// beamTarget is the reference: a BEAM node.
func beamTarget(flags ...string) target {
	return target{name: "BEAM", node: beamNode, needs: []string{"erl"},
		command: func(s *testbed) []string {
			return append([]string{"erl", "-noinput", "-sname", beamNode, "-setcookie", cookie, "-pa", s.dir, "-eval",
				"probe:start()."}, flags...)
		},
		does: "an ordinary gen_server of Erlang/OTP"}
}

// gonodeTarget is the gonode node.
func gonodeTarget(o options, env ...string) target {
	does := "the same server on gonode, its garbage collected as by gonode run"
	if o.gogc != "" {
		does = "the same server on gonode, with GOGC=" + o.gogc
	}
	return target{name: "gonode", node: goNode, env: append([]string{"GOGC=" + o.gogc}, env...), does: does,
		prepare: func(s *testbed) error {
			return s.tool(".", "go", "build", "-o", filepath.Join(s.dir, "peer"), "./"+filepath.Join(o.source, "peer"))
		},
		command: func(s *testbed) []string {
			return []string{filepath.Join(s.dir, "peer"), "-sname", goNode, "-cpuprofile", o.profile}
		}}
}

// peerTargets returns nodes that people use today to be called from a BEAM.
func peerTargets(o options) []target {
	source := filepath.Join(o.source, "peers")
	java := []string{"-cp", ""}
	return []target{
		{name: "ergo 2.2.4", node: "ergo2@localhost",
			prepare: func(s *testbed) error {
				return s.tool(filepath.Join(source, "ergo2"), "go", "build", "-o", filepath.Join(s.dir, "ergo2"), ".")
			},
			command: func(s *testbed) []string { return []string{filepath.Join(s.dir, "ergo2"), "ergo2@localhost", cookie} },
			does:    "a gen.Server with the largest mailbox there is (65535); more than that is dropped"},
		{name: "ei (C)", node: "ei@localhost", needs: []string{"gcc", "erl"},
			prepare: func(s *testbed) error {
				root, err := exec.CommandContext(s.ctx, "erl", "-noinput", "-eval",
					"io:put_chars(code:root_dir()), halt().").Output()
				if err != nil {
					return err
				}
				usr := filepath.Join(string(root), "usr")
				return s.tool(".", "gcc", "-O2", "-I"+filepath.Join(usr, "include"), "-o", filepath.Join(s.dir, "eiprobe"),
					filepath.Join(source, "ei", "probe.c"), "-L"+filepath.Join(usr, "lib"), "-lei", "-lpthread")
			},
			command: func(s *testbed) []string { return []string{filepath.Join(s.dir, "eiprobe"), "ei", cookie} },
			does: "copies the bytes of the request into the reply without decoding them; a thread a connection; no " +
				"processes, no monitors"},
		{name: "Jinterface", node: "jinterface@localhost", needs: []string{"javac", "java"},
			prepare: func(s *testbed) error {
				jars, err := filepath.Glob(jinterfaceJar)
				if err != nil || len(jars) == 0 {
					return fmt.Errorf("no %s: install erlang-jinterface", jinterfaceJar)
				}
				java[1] = jars[0] + ":" + s.dir
				return s.tool(".", "javac", "-cp", jars[0], "-d", s.dir, filepath.Join(source, "jinterface", "Probe.java"))
			},
			command: func(s *testbed) []string {
				return append(append([]string{"java"}, java...), "Probe", "jinterface", cookie)
			},
			does: "one mailbox read by one thread; no processes, no gen_server"},
	}
}

// jinterfaceJar is the path of Jinterface in Debian.
const jinterfaceJar = "/usr/share/java/OtpErlang.jar"

// available returns the targets that can run here, and a line for each one that cannot.
func (s *testbed) available(targets []target) (ready []target, skipped []string) {
	for _, t := range targets {
		if err := s.ready(t); err != nil {
			text, _, _ := strings.Cut(err.Error(), "\n")
			skipped = append(skipped, fmt.Sprintf("%s was left out: %s", t.name, text))
			continue
		}
		ready = append(ready, t)
	}
	return ready, skipped
}

func (s *testbed) ready(t target) error {
	for _, program := range t.needs {
		if _, err := exec.LookPath(program); err != nil {
			return err
		}
	}
	if t.prepare == nil {
		return nil
	}
	return t.prepare(s)
}
