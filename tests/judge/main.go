// Command judge answers what aws-iam-authenticator itself reads from an aws-auth ConfigMap, and whom it lets in as whom.
//
// One JSON object a line on standard input, one answer a line on standard output, in the same order. All reading is
// done by the authenticator's own exported functions; only the few lines of MapStore.saveMap and of the lookup, which
// are not exported, are followed here, and they answer with every candidate where the original takes a random one.
// Manifests are read by kubectl's own decoder, and ARNs made canonical by the authenticator's own function.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime/debug"
	"sort"
	"strings"

	"github.com/sirupsen/logrus"
	"sigs.k8s.io/aws-iam-authenticator/pkg/config"
	"sigs.k8s.io/aws-iam-authenticator/pkg/mapper/configmap"
)

type question struct {
	Data       map[string]string `json:"data"`
	Principals []string          `json:"principals"`
	Logins     []login           `json:"logins"`
	// Instead of all that, the text of a manifest or of an ARN.
	Manifest *string `json:"manifest"`
	ARN      *string `json:"arn"`
}

// What a token says of who logs in.
type login struct {
	ARN         string `json:"arn"`
	AccountID   string `json:"accountId"`
	SessionName string `json:"sessionName"`
	AccessKeyID string `json:"accessKeyId"`
}

type mapping struct {
	ARN      string                `json:"arn"`
	SSO      *config.SSOARNMatcher `json:"sso,omitempty"`
	Username string                `json:"username"`
	Groups   []string              `json:"groups"`
}

type identity struct {
	Username string   `json:"username"`
	Groups   []string `json:"groups"`
}

type answer struct {
	Roles    []mapping `json:"roles"`
	Users    []mapping `json:"users"`
	Accounts []string  `json:"accounts"`
	// Whether ParseMap returned an error; its text is for people.
	Error string `json:"error,omitempty"`
	// Why the authenticator itself would have died.
	Panic string `json:"panic,omitempty"`
	// What each principal can be let in as: nothing, one identity, or several of which the authenticator takes any.
	Principals [][]identity `json:"principals"`
	// The same for each login, with placeholders filled in; null where it is refused.
	Logins [][]*identity `json:"logins,omitempty"`

	Manifest *manifest  `json:"manifest,omitempty"`
	ARN      *canonical `json:"arn,omitempty"`
}

func main() {
	logrus.SetOutput(io.Discard)
	if len(os.Args) > 1 && os.Args[1] == "version" {
		fmt.Println(version())
		return
	}
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	decoder, encoder := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var asked question
		if err := decoder.Decode(&asked); err == io.EOF {
			return
		} else if err != nil {
			fmt.Fprintln(os.Stderr, "judge:", err)
			os.Exit(1)
		}
		if err := encoder.Encode(judge(asked)); err != nil {
			fmt.Fprintln(os.Stderr, "judge:", err)
			os.Exit(1)
		}
		// Whoever asks one question at a time waits for this answer before the next one.
		if err := out.Flush(); err != nil {
			return
		}
	}
}

func judge(asked question) (answered answer) {
	defer func() {
		if fault := recover(); fault != nil {
			answered = answer{Panic: fmt.Sprint(fault)}
		}
	}()
	if asked.Manifest != nil {
		read := readManifest(*asked.Manifest)
		return answer{Manifest: &read}
	}
	if asked.ARN != nil {
		made := canonicalize(*asked.ARN)
		return answer{ARN: &made}
	}
	users, roles, accounts, err := configmap.ParseMap(asked.Data)
	if err != nil {
		answered.Error = err.Error()
	}
	answered.Roles, answered.Users, answered.Accounts = []mapping{}, []mapping{}, append([]string{}, accounts...)
	for _, role := range roles {
		answered.Roles = append(answered.Roles, mapping{role.RoleARN, role.SSO, role.Username, some(role.Groups)})
	}
	for _, user := range users {
		answered.Users = append(answered.Users, mapping{user.UserARN, nil, user.Username, some(user.Groups)})
	}

	// MapStore.saveMap
	roleMap, userMap, accountSet := map[string]config.RoleMapping{}, map[string]config.UserMapping{}, map[string]bool{}
	for _, role := range roles {
		roleMap[role.Key()] = role
	}
	for _, user := range users {
		userMap[user.Key()] = user
	}
	for _, account := range accounts {
		accountSet[account] = true
	}

	answered.Principals = [][]identity{}
	for _, principal := range asked.Principals {
		answered.Principals = append(answered.Principals, lookUp(principal, roleMap, userMap, accountSet))
	}
	for _, asking := range asked.Logins {
		found := []*identity{}
		for _, one := range lookUp(asking.ARN, roleMap, userMap, accountSet) {
			found = append(found, renderTemplates(one, asking))
		}
		if len(found) == 0 {
			found = append(found, nil)
		}
		answered.Logins = append(answered.Logins, found)
	}
	return answered
}

// The server's own pattern for sessions of instances.
var instanceIDPattern = regexp.MustCompile(`^i-(\w{8}|\w{17})$`)

// renderTemplates follows the server's function of that name; nil where the login fails.
func renderTemplates(mapped identity, asking login) *identity {
	username, ok := renderTemplate(mapped.Username, asking)
	if !ok {
		return nil
	}
	rendered := identity{username, []string{}}
	for _, pattern := range mapped.Groups {
		group, ok := renderTemplate(pattern, asking)
		if !ok {
			return nil
		}
		rendered.Groups = append(rendered.Groups, group)
	}
	return &rendered
}

// renderTemplate follows the server's function of that name, with the name that EC2 would answer for the instance.
func renderTemplate(template string, asking login) (string, bool) {
	if strings.Contains(template, "{{EC2PrivateDNSName}}") {
		if !instanceIDPattern.MatchString(asking.SessionName) {
			return "", false
		}
		name := "ip-" + strings.TrimPrefix(asking.SessionName, "i-") + ".ec2.internal"
		template = strings.ReplaceAll(template, "{{EC2PrivateDNSName}}", name)
	}
	template = strings.ReplaceAll(template, "{{AccountID}}", asking.AccountID)
	sessionName := strings.ReplaceAll(asking.SessionName, "@", "-")
	template = strings.ReplaceAll(template, "{{SessionName}}", sessionName)
	template = strings.ReplaceAll(template, "{{SessionNameRaw}}", asking.SessionName)
	template = strings.ReplaceAll(template, "{{AccessKeyID}}", asking.AccessKeyID)
	return template, true
}

// lookUp follows ConfigMapMapper.Map and the server's doMapping.
func lookUp(canonical string, roles map[string]config.RoleMapping, users map[string]config.UserMapping, accounts map[string]bool) []identity {
	lower := strings.ToLower(canonical)
	found := []identity{}
	for _, role := range roles {
		if role.Matches(lower) {
			found = append(found, identity{role.Username, some(role.Groups)})
		}
	}
	if len(found) == 0 {
		for _, user := range users {
			if user.Matches(lower) {
				found = append(found, identity{user.Username, some(user.Groups)})
			}
		}
	}
	// An identity always has an account, whatever empty texts the list of accounts may hold.
	if parts := strings.SplitN(canonical, ":", 6); len(found) == 0 && len(parts) == 6 && parts[4] != "" && accounts[parts[4]] {
		found = append(found, identity{canonical, []string{}})
	}
	return distinct(found)
}

func distinct(identities []identity) []identity {
	byText := map[string]identity{}
	keys := []string{}
	for _, one := range identities {
		text, err := json.Marshal(one)
		if err != nil {
			panic(err)
		}
		if _, known := byText[string(text)]; !known {
			keys = append(keys, string(text))
		}
		byText[string(text)] = one
	}
	sort.Strings(keys)
	result := []identity{}
	for _, key := range keys {
		result = append(result, byText[key])
	}
	return result
}

func some(groups []string) []string {
	return append([]string{}, groups...)
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, module := range info.Deps {
		if module.Path == "sigs.k8s.io/aws-iam-authenticator" {
			return module.Path + "@" + module.Version
		}
	}
	return "unknown"
}
