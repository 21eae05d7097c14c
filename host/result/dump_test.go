package result_test
import ("testing";"os";"github.com/wasmsql/wasmsql/host/result")
func TestDump(t *testing.T){
 r:=sample(t)
 os.WriteFile("/tmp/res/all.parquet",[]byte(write(t,result.Parquet,result.Options{},r,r)),0644)
 os.WriteFile("/tmp/res/all.arrows",[]byte(write(t,result.Arrow,result.Options{},r,r)),0644)
}
