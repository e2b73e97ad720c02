package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	k8sjson "sigs.k8s.io/json"

	"k8s.io/apimachinery/pkg/util/yaml"
)

// What kubectl finds in a manifest: the data of every aws-auth, or an error where it reads none of it.
type manifest struct {
	Found []map[string]string `json:"found"`
	Error string              `json:"error,omitempty"`
}

type object struct {
	Kind     *string `json:"kind"`
	Metadata struct {
		Name      string  `json:"name"`
		Namespace *string `json:"namespace"`
	} `json:"metadata"`
}

// readManifest decodes a file as kubectl's own builder does, one document after the other, and looks for aws-auth in it.
// The bare data of the ConfigMap, without kind, is a form of our own, and is found by the same rules as ours.
func readManifest(text string) manifest {
	decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(text), 4096)
	read := manifest{Found: []map[string]string{}}
	for {
		var raw json.RawMessage
		err := decoder.Decode(&raw)
		if errors.Is(err, io.EOF) {
			return read
		}
		if err == nil {
			err = read.collect(bytes.TrimSpace(raw))
		}
		if err != nil {
			return manifest{Error: err.Error()}
		}
	}
}

func (read *manifest) collect(raw json.RawMessage) error {
	var fields map[string]json.RawMessage
	if k8sjson.UnmarshalCaseSensitivePreserveInts(raw, &fields) != nil || fields == nil {
		return nil // a list, a text, a number, or nothing
	}
	var items []json.RawMessage
	if list, ok := fields["items"]; ok && json.Unmarshal(list, &items) == nil && items != nil {
		for _, item := range items {
			if err := read.collect(item); err != nil {
				return err
			}
		}
		return nil
	}
	var data map[string]json.RawMessage
	if json.Unmarshal(fields["data"], &data) != nil {
		data = nil
	}
	if kind, ok := fields["kind"]; ok && json.Unmarshal(kind, new(string)) == nil && string(kind) != "null" {
		var named object
		if err := k8sjson.UnmarshalCaseSensitivePreserveInts(raw, &named); err != nil {
			return err
		}
		if *named.Kind != "ConfigMap" || named.Metadata.Name != "aws-auth" ||
			(named.Metadata.Namespace != nil && *named.Metadata.Namespace != "kube-system") {
			return nil
		}
	} else if data == nil || !hasSections(data) {
		if !hasSections(fields) {
			return nil
		}
		if data == nil {
			data = fields
		}
	}
	texts := map[string]string{}
	for key, value := range data {
		var text string // null leaves it empty, as the API server does
		if err := json.Unmarshal(value, &text); err != nil {
			return err
		}
		texts[key] = text
	}
	read.Found = append(read.Found, texts)
	return nil
}

func hasSections(fields map[string]json.RawMessage) bool {
	for _, key := range []string{"mapRoles", "mapUsers", "mapAccounts"} {
		if _, ok := fields[key]; ok {
			return true
		}
	}
	return false
}
