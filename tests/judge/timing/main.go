// Command timing measures how long aws-iam-authenticator itself takes to read an aws-auth ConfigMap.
//
// It takes a file with the text of `mapRoles` and a number of runs, and prints the fastest run in nanoseconds. Only the
// authenticator's own exported ParseMap is measured: no process start, no file, and nothing of what a plan adds to it.
package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/sirupsen/logrus"
	"sigs.k8s.io/aws-iam-authenticator/pkg/mapper/configmap"
)

func main() {
	logrus.SetOutput(io.Discard)
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "timing:", err)
		os.Exit(1)
	}
	runs, err := strconv.Atoi(os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, "timing:", err)
		os.Exit(1)
	}
	data := map[string]string{"mapRoles": string(text)}
	best := time.Duration(0)
	for run := 0; run < runs; run++ {
		begin := time.Now()
		_, _, _, _ = configmap.ParseMap(data)
		if took := time.Since(begin); run == 0 || took < best {
			best = took
		}
	}
	fmt.Println(best.Nanoseconds())
}
