package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// sums is the file with the checksums, in the form of sha256sum.
const sums = "SHA256SUMS"

// buildRelease builds the archives of all targets and their checksums into the folder out.
func buildRelease(source, out string, targets []string) (err error) {
	b, err := newBuild(source)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	if err := emptyDir(out); err != nil {
		return err
	}
	text, err := b.archives(out, targets)
	if err != nil {
		return err
	}
	fmt.Print(text)
	return os.WriteFile(filepath.Join(out, sums), []byte(text), 0o644)
}

// archives writes one archive for each target and returns the text of SHA256SUMS.
func (b *build) archives(out string, targets []string) (string, error) {
	extras, err := b.extras()
	if err != nil {
		return "", err
	}
	var text strings.Builder
	for _, target := range targets {
		program, err := b.program(target)
		if err != nil {
			return "", err
		}
		vsn, err := version(program)
		if err != nil {
			return "", err
		}
		top := "gonode_" + strings.TrimPrefix(vsn, "v") + "_" + strings.ReplaceAll(target, "/", "_")
		name := top + ".tar.gz"
		if strings.HasPrefix(target, "windows/") {
			name = top + ".zip"
		}
		file := filepath.Join(out, name)
		entries := append(extras[:len(extras):len(extras)],
			entry{name: filepath.Base(program), file: program, mode: 0o755})
		if err := writeArchive(file, top, entries, b.time); err != nil {
			return "", err
		}
		sum, err := checksum(file)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&text, "%s  %s\n", sum, name)
	}
	return text.String(), nil
}

// buildImage writes ARCH/gonode for each target of linux: what the Dockerfile copies.
func buildImage(source, out string, targets []string) (err error) {
	b, err := newBuild(source)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	if err := emptyDir(out); err != nil {
		return err
	}
	for _, target := range targets {
		arch, ok := strings.CutPrefix(target, "linux/")
		if !ok {
			continue
		}
		program, err := b.program(target)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(program)
		if err == nil {
			err = os.Mkdir(filepath.Join(out, arch), 0o755)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(out, arch, "gonode"), text, 0o755)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// checkTwice builds the targets in two copies of the sources, the second one with an empty build cache, and fails if
// a single byte differs.
func checkTwice(source string, targets []string) (err error) {
	dir, err := os.MkdirTemp("", "gonode-twice-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	var texts [2]string
	for i := range texts {
		copied, out := filepath.Join(dir, "copy", strings.Repeat("x", 1+9*i)), filepath.Join(dir, fmt.Sprint("out", i))
		if err := errors.Join(os.CopyFS(copied, os.DirFS(source)), os.Mkdir(out, 0o755)); err != nil {
			return err
		}
		b, err := newBuild(copied)
		if err != nil {
			return err
		}
		if i > 0 {
			b.cache = filepath.Join(dir, "cache")
		}
		texts[i], err = b.archives(out, targets)
		if err := errors.Join(err, b.close()); err != nil {
			return err
		}
	}
	if texts[0] != texts[1] {
		return fmt.Errorf("two builds of one source differ:\n%s\n%s", texts[0], texts[1])
	}
	fmt.Printf("built twice, the same bytes:\n%s", texts[0])
	return nil
}

func checksum(file string) (string, error) {
	text, err := os.ReadFile(file)
	return fmt.Sprintf("%x", sha256.Sum256(text)), err
}

// emptyDir makes the folder if it is missing and takes everything away that is in it.
func emptyDir(dir string) error {
	return errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o755))
}
