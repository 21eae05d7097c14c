package cloud

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	"gocloud.dev/gcerrors"
	"google.golang.org/api/googleapi"

	"github.com/wasmsql/wasmsql/host/flyte"
)

// fault makes a *flyte.StoreError of what an SDK says. Their texts have hosts,
// keys and request headers; what is kept is the service's own code and status.
func fault(ctx context.Context, op string, err error) error {
	var done *flyte.StoreError
	if errors.As(err, &done) {
		return err
	}
	e := &flyte.StoreError{Op: op, Cause: err}
	code, status := service(err)
	switch {
	case ctx.Err() != nil:
		e.Fault, e.Message = flyte.StoreTransient, "the execution ended meanwhile"
	case code == "NoSuchBucket" || code == "ContainerNotFound":
		e.Fault, e.Message = flyte.StorePermanent, "the bucket does not exist"
	case status == http.StatusNotFound || notFound(err):
		e.Fault, e.Message = flyte.StoreNotFound, "the object does not exist"
	case status == http.StatusUnauthorized || status == http.StatusForbidden || gcerrors.Code(err) == gcerrors.PermissionDenied:
		e.Fault, e.Message = flyte.StorePermanent, "access is denied"+named(code)
		e.Hint = "the pod's service account, or the variables that Flyte's storage configuration sets, must allow it"
	case status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout:
		e.Fault, e.Message = flyte.StoreTransient, fmt.Sprintf("the service answered with status %d%s", status, named(code))
	case status != 0:
		e.Fault, e.Message = flyte.StorePermanent, fmt.Sprintf("the service answered with status %d%s", status, named(code))
	case noCredentials(err):
		// What hands them out may have been away.
		e.Fault, e.Message = flyte.StoreTransient, "no credentials are there"
		e.Hint = "the pod's service account, or the variables that Flyte's storage configuration sets, must give some"
	default:
		e.Fault, e.Message = flyte.StoreTransient, connection(err)
	}
	return e
}

// service returns the code and HTTP status of a service's answer, or zeros.
func service(err error) (code string, status int) {
	var aws *awshttp.ResponseError
	var api smithy.APIError
	var google *googleapi.Error
	var azure *azcore.ResponseError
	if errors.As(err, &api) {
		code = api.ErrorCode()
	}
	switch {
	case errors.As(err, &aws):
		status = aws.HTTPStatusCode()
	case errors.As(err, &google):
		status = google.Code
	case errors.As(err, &azure):
		code, status = azure.ErrorCode, azure.StatusCode
	}
	if status == http.StatusOK { // S3 may find an error after it has begun to answer
		status = http.StatusInternalServerError
	}
	return code, status
}

func named(code string) string {
	if code == "" {
		return ""
	}
	return fmt.Sprintf(" (%s)", code)
}

// connection says how a connection failed, without its address.
func connection(err error) string {
	var dns *net.DNSError
	var number syscall.Errno
	var timeout net.Error
	switch {
	case errors.As(err, &dns):
		return "the service's name cannot be resolved"
	case errors.As(err, &number):
		return "the connection failed: " + number.Error()
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "the connection was cut"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "the service did not answer in time"
	}
	return "the connection failed"
}
