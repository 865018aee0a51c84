package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var noon = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

// twoFiles returns two entries in the order that is given, with files that are as old as age says.
func twoFiles(t *testing.T, first, second string, age time.Duration) []entry {
	t.Helper()
	dir := t.TempDir()
	var entries []entry
	for _, name := range []string{first, second} {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, []byte("text of "+name), 0o600))
		require.NoError(t, os.Chtimes(file, noon.Add(-age), noon.Add(-age)))
		entries = append(entries, entry{name: name, file: file, mode: 0o755})
	}
	return entries
}

func TestArchivesOfTheSameFilesAreTheSameBytes(t *testing.T) {
	for _, ending := range []string{".tar.gz", ".zip"} {
		dir := t.TempDir()
		one, two := filepath.Join(dir, "one"+ending), filepath.Join(dir, "two"+ending)
		require.NoError(t, writeArchive(one, "top", twoFiles(t, "a", "b", 0), noon))
		require.NoError(t, writeArchive(two, "top", twoFiles(t, "b", "a", time.Hour), noon))
		first, err := checksum(one)
		require.NoError(t, err)
		second, err := checksum(two)
		require.NoError(t, err)
		require.Equal(t, first, second, ending)
		require.NoError(t, writeArchive(two, "top", twoFiles(t, "b", "a", 0), noon.Add(time.Hour)))
		second, err = checksum(two)
		require.NoError(t, err)
		require.NotEqual(t, first, second, "the time is part of it")
	}
}

func TestAnArchiveHasOwnerModeAndTimeOfItsOwn(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, writeArchive(filepath.Join(dir, "x.tar.gz"), "top", twoFiles(t, "a", "b", 0), noon))
	file, err := os.Open(filepath.Join(dir, "x.tar.gz"))
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	unpacked, err := gzip.NewReader(file)
	require.NoError(t, err)
	head, err := tar.NewReader(unpacked).Next()
	require.NoError(t, err)
	require.Equal(t, "top/a", head.Name)
	require.Equal(t, int64(0o755), head.Mode)
	require.Zero(t, head.Uid)
	require.True(t, noon.Equal(head.ModTime))

	require.NoError(t, writeArchive(filepath.Join(dir, "x.zip"), "top", twoFiles(t, "a", "b", 0), noon))
	z, err := zip.OpenReader(filepath.Join(dir, "x.zip"))
	require.NoError(t, err)
	defer func() { require.NoError(t, z.Close()) }()
	require.Equal(t, "top/a", z.File[0].Name)
	require.True(t, noon.Equal(z.File[0].Modified))
}

func TestAMissingFileAndASystemThatIsNoneAreErrors(t *testing.T) {
	missing := []entry{{name: "a", file: filepath.Join(t.TempDir(), "gone")}}
	for _, name := range []string{"x.zip", "x.tar.gz"} {
		require.ErrorIs(t, writeArchive(filepath.Join(t.TempDir(), name), "top", missing, noon), os.ErrNotExist)
	}
	_, err := (&build{work: t.TempDir()}).program("linux")
	require.ErrorContains(t, err, `"linux" is no system`)
	t.Setenv("SOURCE_DATE_EPOCH", "today")
	_, err = newBuild(".")
	require.ErrorContains(t, err, "SOURCE_DATE_EPOCH")
}
