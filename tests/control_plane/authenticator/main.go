// Command authenticator runs aws-iam-authenticator's own webhook server against an STS on loopback.
//
// Everything that decides is the authenticator's: it verifies tokens, watches aws-auth, reads the file of access
// entries and maps identities. This program only says where STS and EC2 are: connections to the hosts of STS go to the
// given address, with TLS and the given certificate authority, so that the machine's host table stays as it is.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sort"
	"strings"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/aws-iam-authenticator/pkg/config"
	"sigs.k8s.io/aws-iam-authenticator/pkg/mapper"
	"sigs.k8s.io/aws-iam-authenticator/pkg/metrics"
	"sigs.k8s.io/aws-iam-authenticator/pkg/server"
)

type settings struct {
	Cluster           string   `json:"cluster"`
	Partition         string   `json:"partition"`
	Port              int      `json:"port"`
	HealthPort        int      `json:"healthPort"`
	StateDir          string   `json:"stateDir"`
	Kubeconfig        string   `json:"kubeconfig"`
	WebhookKubeconfig string   `json:"webhookKubeconfig"`
	BackendModes      []string `json:"backendModes"`
	BackendModeFile   string   `json:"backendModeFile"`
	EntriesFile       string   `json:"entriesFile"`
	// The role or user that made the cluster: an administrator as long as access entries are not enabled.
	Creator    string `json:"creator"`
	StsAddress string `json:"stsAddress"`
	StsCA      string `json:"stsCA"`
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: authenticator SETTINGS.json")
	}
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	var set settings
	if err := json.Unmarshal(text, &set); err != nil {
		log.Fatal(err)
	}
	if err := dialLoopback(set); err != nil {
		log.Fatal(err)
	}
	if err := serveEC2(); err != nil {
		log.Fatal(err)
	}
	metrics.InitMetrics(prometheus.DefaultRegisterer)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	cfg := config.Config{
		PartitionID:             set.Partition,
		ClusterID:               set.Cluster,
		HostPort:                set.Port,
		HealthPort:              set.HealthPort,
		Hostname:                "127.0.0.1",
		Address:                 "127.0.0.1",
		StateDir:                set.StateDir,
		GenerateKubeconfigPath:  set.WebhookKubeconfig,
		Kubeconfig:              set.Kubeconfig,
		BackendMode:             set.BackendModes,
		DynamicFilePath:         set.EntriesFile,
		DynamicFileUserIDStrict: true,
		DynamicBackendModePath:  set.BackendModeFile,
	}
	administrator := []string{"system:masters"}
	if strings.Contains(set.Creator, ":role/") {
		cfg.RoleMappings = []config.RoleMapping{{RoleARN: set.Creator, Username: "kubernetes-admin", Groups: administrator}}
	} else if set.Creator != "" {
		cfg.UserMappings = []config.UserMapping{{UserARN: set.Creator, Username: "kubernetes-admin", Groups: administrator}}
	}
	if problems := mapper.ValidateBackendMode(cfg.BackendMode); len(problems) > 0 {
		log.Fatal(problems)
	}
	server.New(ctx, cfg).Run(ctx.Done())
}

// dialLoopback sends the default transport's connections, which are the verifier's, to the STS on loopback.
func dialLoopback(set settings) error {
	pem, err := os.ReadFile(set.StsCA)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return fmt.Errorf("no certificate in %s", set.StsCA)
	}
	var dialer net.Dialer
	http.DefaultTransport = &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if host, _, err := net.SplitHostPort(address); err != nil || !strings.HasPrefix(host, "sts.") {
				return nil, fmt.Errorf("%s is no host of STS", address)
			}
			return dialer.DialContext(ctx, network, set.StsAddress)
		},
	}
	return nil
}

// serveEC2 answers DescribeInstances for any instance with a name made of its id.
func serveEC2() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_EC2":      "http://" + listener.Addr().String(),
		"AWS_EC2_METADATA_DISABLED": "true",
		"AWS_REGION":                "us-east-1",
		"AWS_ACCESS_KEY_ID":         "AKIAIOSFODNN7EXAMPLE",
		"AWS_SECRET_ACCESS_KEY":     "none",
	} {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	go func() { log.Fatal(http.Serve(listener, http.HandlerFunc(describeInstances))) }()
	return nil
}

func describeInstances(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var ids []string
	for name, values := range r.PostForm {
		if strings.HasPrefix(name, "InstanceId.") {
			ids = append(ids, values...)
		}
	}
	sort.Strings(ids)
	w.Header().Set("Content-Type", "text/xml")
	fmt.Fprint(w, `<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><reservationSet>`)
	for _, id := range ids {
		fmt.Fprintf(w, `<item><instancesSet><item><instanceId>%s</instanceId>`+
			`<privateDnsName>ip-%s.ec2.internal</privateDnsName></item></instancesSet></item>`, id, strings.TrimPrefix(id, "i-"))
	}
	fmt.Fprint(w, `</reservationSet></DescribeInstancesResponse>`)
}
