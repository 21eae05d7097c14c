package cloud

import (
	"cmp"
	"context"
	"net/url"
	"os"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"gocloud.dev/blob/azureblob"

	"github.com/wasmsql/wasmsql/host/flyte"
)

// openAzure opens a container. Its name may be followed by its account, as in
// abfs://container@account.dfs.core.windows.net. The account and what logs in
// are those of FLYTE_AZURE_*, else of the variables of adlfs, which is what
// flytekit uses, else of the SDK.
func (s *Store) openAzure(ctx context.Context, host string) (*bucket, error) {
	name, server, named := strings.Cut(host, "@")
	env := func(names ...string) string {
		for _, n := range names {
			if v := cmp.Or(s.options.Env(n), os.Getenv(n)); v != "" {
				return v
			}
		}
		return ""
	}
	at := azureblob.NewDefaultServiceURLOptions()
	at.AccountName = cmp.Or(env("FLYTE_AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT_NAME"), at.AccountName)
	if named {
		at.AccountName, _, _ = strings.Cut(server, ".")
	}
	if at.AccountName == "" {
		return nil, &flyte.StoreError{Op: "open", Fault: flyte.StorePermanent, Message: "no storage account is named",
			Hint: "set FLYTE_AZURE_STORAGE_ACCOUNT_NAME, or name it in the URL: abfs://container@account.dfs.core.windows.net/…"}
	}
	service, err := azureblob.NewServiceURL(at)
	if err != nil {
		return nil, err
	}
	folder, err := url.JoinPath(string(service), name)
	if err != nil {
		return nil, err
	}
	client, err := azureClient(folder, name, at, env)
	if err != nil {
		return nil, err
	}
	b, err := azureblob.OpenBucket(ctx, client, nil)
	if err != nil {
		return nil, err
	}
	return &bucket{Bucket: b, azure: client}, nil
}

// azureClient logs in with the first that is there of an account key, a SAS
// token, a connection string, a client's secret, and what the SDK finds: a
// workload's or a managed identity.
func azureClient(folder, name string, at *azureblob.ServiceURLOptions, env func(...string) string) (*container.Client, error) {
	if key := env("FLYTE_AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_KEY"); key != "" {
		shared, err := azblob.NewSharedKeyCredential(at.AccountName, key)
		if err != nil {
			return nil, err
		}
		return container.NewClientWithSharedKeyCredential(folder, shared, nil)
	}
	if at.SASToken != "" {
		return container.NewClientWithNoCredential(folder, nil)
	}
	if text := env("AZURE_STORAGE_CONNECTION_STRING", "AZURE_STORAGEBLOB_CONNECTIONSTRING"); text != "" {
		return container.NewClientFromConnectionString(text, name, nil)
	}
	tenant, id, secret := env("FLYTE_AZURE_TENANT_ID"), env("FLYTE_AZURE_CLIENT_ID"), env("FLYTE_AZURE_CLIENT_SECRET")
	if tenant != "" && id != "" && secret != "" {
		login, err := azidentity.NewClientSecretCredential(tenant, id, secret, nil)
		if err != nil {
			return nil, err
		}
		return container.NewClient(folder, login, nil)
	}
	login, err := azidentity.NewDefaultAzureCredential(nil)
	if err != nil {
		return nil, err
	}
	return container.NewClient(folder, login, nil)
}
