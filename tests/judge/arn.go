package main

import (
	awsarn "github.com/aws/aws-sdk-go-v2/aws/arn"
	"sigs.k8s.io/aws-iam-authenticator/pkg/arn"
)

// What the authenticator makes of an ARN.
type canonical struct {
	// Whether it is an ARN at all.
	IsARN bool `json:"isArn"`
	// Of which kind it is, empty where the authenticator refuses it.
	Kind string `json:"kind"`
	// The ARN that mappings are matched against.
	ARN string `json:"arn"`
	// The same without a role's path.
	Stripped string `json:"stripped"`
}

func canonicalize(text string) canonical {
	kinds := map[arn.PrincipalType]string{
		arn.ROLE: "role", arn.USER: "user", arn.ROOT: "root",
		arn.FEDERATED_USER: "federated-user", arn.ASSUMED_ROLE: "assumed-role",
	}
	kind, canonicalARN, err := arn.Canonicalize(text)
	_, noARN := awsarn.Parse(text)
	made := canonical{IsARN: noARN == nil, ARN: canonicalARN}
	if err == nil {
		made.Kind = kinds[kind]
	}
	if stripped, err := arn.StripPath(text); err == nil {
		made.Stripped = stripped
	}
	return made
}
