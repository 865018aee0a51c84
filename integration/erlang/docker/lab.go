package docker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Lab is the network of docker-compose.yml with the containers that were started in it.
type Lab struct {
	compose []string
	project string
	root    string // of the repository

	mu  sync.Mutex
	ids map[string]string // container ids, which stay the same until Down
}

// Open finds Docker Compose and a running daemon. It starts no container. The error says what is missing.
func Open(ctx context.Context, root string) (*Lab, error) {
	l := &Lab{project: fmt.Sprintf("gonode%d", os.Getpid()), root: root, compose: []string{"docker", "compose"},
		ids: make(map[string]string)}
	if _, err := run(ctx, "docker", "info"); err != nil {
		return nil, fmt.Errorf("no Docker daemon answers: %w", err)
	}
	if _, err := run(ctx, "docker", "compose", "version"); err != nil {
		if _, err := exec.LookPath("docker-compose"); err != nil {
			return nil, errors.New("neither docker compose nor docker-compose is installed")
		}
		l.compose = []string{"docker-compose"}
	}
	return l, nil
}

// Images makes or fetches the images of gonode and, if it can, those of peers. It returns what it did.
func (l *Lab) Images(ctx context.Context) (said string, err error) {
	return run(ctx, filepath.Join(l.root, "tools/images"))
}

// HasImage reports whether the daemon has an image.
func HasImage(ctx context.Context, name string) bool {
	_, err := run(ctx, "docker", "image", "inspect", name)
	return err == nil
}

// Up starts services and returns when they are healthy.
func (l *Lab) Up(ctx context.Context, services ...string) error {
	if _, err := l.do(ctx, append([]string{"up", "-d", "--no-build"}, services...)...); err != nil {
		return err
	}
	for _, s := range services {
		if err := l.Healthy(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// Healthy waits until the health check of a service passes.
func (l *Lab) Healthy(ctx context.Context, service string) error {
	id, err := l.Container(ctx, service)
	if err != nil {
		return err
	}
	for {
		status, err := run(ctx, "docker", "inspect", "-f", "{{.State.Status}} {{.State.Health.Status}}", id)
		switch {
		case err != nil:
			return err
		case status == "running healthy":
			return nil
		case !strings.HasPrefix(status, "running") || strings.HasSuffix(status, "unhealthy"):
			return fmt.Errorf("%s is %s: %s", service, status, l.Logs(ctx, service))
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s is %s: %w", service, status, ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// Down stops and removes all containers, even when ctx has ended.
func (l *Lab) Down(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	_, err := l.do(ctx, "down", "-t", "1", "-v", "--remove-orphans")
	return err
}

// Container returns the id of the container of a service.
func (l *Lab) Container(ctx context.Context, service string) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if id := l.ids[service]; id != "" {
		return id, nil
	}
	id, err := l.do(ctx, "ps", "-q", service)
	if err != nil {
		return "", err
	}
	if id == "" {
		return "", fmt.Errorf("%s has no container", service)
	}
	l.ids[service] = id
	return id, nil
}

// Exec runs a shell command in the container of a service, with additional environment, and returns its output.
func (l *Lab) Exec(ctx context.Context, service string, env []string, command string) (string, error) {
	id, err := l.Container(ctx, service)
	if err != nil {
		return "", err
	}
	args := []string{"exec"}
	for _, e := range env {
		args = append(args, "-e", e)
	}
	return run(ctx, "docker", append(args, id, "sh", "-c", command)...)
}

// Command returns a shell command in the container of a service, with standard input. The caller starts it.
func (l *Lab) Command(ctx context.Context, service, command string) (*exec.Cmd, error) {
	id, err := l.Container(ctx, service)
	if err != nil {
		return nil, err
	}
	return exec.CommandContext(ctx, "docker", "exec", "-i", id, "sh", "-c", command), nil
}

// Tell runs a docker command such as pause for the container of a service, even if the container does not run.
func (l *Lab) Tell(ctx context.Context, service string, command ...string) error {
	id, err := l.Container(ctx, service)
	if err != nil {
		return err
	}
	_, err = run(ctx, "docker", append(command, id)...)
	return err
}

// Address returns the IPv4 address of a service.
func (l *Lab) Address(ctx context.Context, service string) (string, error) {
	id, err := l.Container(ctx, service)
	if err != nil {
		return "", err
	}
	return run(ctx, "docker", "inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", id)
}

// InNet runs a program of this machine in the network namespace of a service.
func (l *Lab) InNet(ctx context.Context, service, name string, args ...string) error {
	cmd, err := l.NetCommand(ctx, service, name, args...)
	if err != nil {
		return err
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %v: %w: %s", name, args, err, strings.TrimSpace(string(out)))
	}
	return nil
}

// NetCommand returns a program of this machine in the network namespace of a service. The caller starts it.
func (l *Lab) NetCommand(ctx context.Context, service, name string, args ...string) (*exec.Cmd, error) {
	id, err := l.Container(ctx, service)
	if err != nil {
		return nil, err
	}
	pid, err := run(ctx, "docker", "inspect", "-f", "{{.State.Pid}}", id)
	if err != nil {
		return nil, err
	}
	if pid == "0" || pid == "" { // would mean the network of this machine
		return nil, fmt.Errorf("%s does not run", service)
	}
	return exec.CommandContext(ctx, "nsenter", append([]string{"-t", pid, "-n", name}, args...)...), nil
}

// CopyTo copies a file, or the contents of a directory, into the container of a service.
func (l *Lab) CopyTo(ctx context.Context, service, from, to string) error {
	id, err := l.Container(ctx, service)
	if err != nil {
		return err
	}
	_, err = run(ctx, "docker", "cp", from, id+":"+to)
	return err
}

// CopyFrom copies a file out of the container of a service.
func (l *Lab) CopyFrom(ctx context.Context, service, from, to string) error {
	id, err := l.Container(ctx, service)
	if err != nil {
		return err
	}
	_, err = run(ctx, "docker", "cp", id+":"+from, to)
	return err
}

// Logs returns the end of the log of the container of a service.
func (l *Lab) Logs(ctx context.Context, service string) string {
	id, err := l.Container(ctx, service)
	if err != nil {
		return err.Error()
	}
	said, _ := exec.CommandContext(ctx, "docker", "logs", "--tail", "20", id).CombinedOutput()
	return string(said)
}

func (l *Lab) do(ctx context.Context, args ...string) (string, error) {
	c := l.compose
	return run(ctx, c[0], append(append(c[1:len(c):len(c)], "-p", l.project, "-f",
		filepath.Join(l.root, "docker-compose.yml")), args...)...)
}

// run runs a program and returns its standard output. The error contains the end of its standard error, or of its
// standard output if that is all.
func run(ctx context.Context, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.WaitDelay = 5 * time.Second
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	text := strings.TrimSpace(string(out))
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		why := strings.TrimSpace(said.String())
		if why == "" {
			why = text
		}
		lines := strings.Split(why, "\n")
		return text, fmt.Errorf("%s: %w: %s", name, err, strings.Join(lines[max(0, len(lines)-8):], "\n"))
	}
	return text, nil
}
