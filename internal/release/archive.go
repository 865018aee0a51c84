package main

import (
	"archive/tar"
	"archive/zip"
	"cmp"
	"compress/gzip"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"
)

// entry is a file of an archive.
type entry struct {
	name string // in the archive
	file string // where it is now
	mode fs.FileMode
}

// writeArchive writes entries below a folder called top: a zip if the name says so, else a compressed tar. Order,
// owner and times depend on nothing else than the arguments.
func writeArchive(name, top string, entries []entry, at time.Time) (err error) {
	entries = slices.SortedFunc(slices.Values(entries), func(a, b entry) int { return cmp.Compare(a.name, b.name) })
	out, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, out.Close()) }()
	if strings.HasSuffix(name, ".zip") {
		return writeZip(out, top, entries, at)
	}
	return writeTar(out, top, entries, at)
}

func writeTar(out io.Writer, top string, entries []entry, at time.Time) error {
	packed, err := gzip.NewWriterLevel(out, gzip.BestCompression)
	if err != nil {
		return err
	}
	w := tar.NewWriter(packed)
	for _, e := range entries {
		text, err := os.ReadFile(e.file)
		if err != nil {
			return err
		}
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: top + "/" + e.name, Size: int64(len(text)),
			Mode: int64(e.mode.Perm()), ModTime: at, Uname: "root", Gname: "root", Format: tar.FormatUSTAR}); err != nil {
			return err
		}
		if _, err := w.Write(text); err != nil {
			return err
		}
	}
	return cmp.Or(w.Close(), packed.Close())
}

func writeZip(out io.Writer, top string, entries []entry, at time.Time) error {
	w := zip.NewWriter(out)
	for _, e := range entries {
		text, err := os.ReadFile(e.file)
		if err != nil {
			return err
		}
		head := &zip.FileHeader{Name: top + "/" + e.name, Method: zip.Deflate, Modified: at}
		head.SetMode(e.mode)
		f, err := w.CreateHeader(head)
		if err != nil {
			return err
		}
		if _, err := f.Write(text); err != nil {
			return err
		}
	}
	return w.Close()
}
