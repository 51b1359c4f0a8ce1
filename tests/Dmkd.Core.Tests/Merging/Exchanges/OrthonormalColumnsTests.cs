using CsCheck;
using Dmkd.Core.Merging.Exchanges;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Merging.Exchanges;

public class OrthonormalColumnsTests
{
    public static TheoryData<string> Degenerate =>
        ["zero", "zero column", "same columns", "tiny", "huge", "one row more", "square", "nearly the same"];

    [Theory, MemberData(nameof(Degenerate))]
    public void Of_DegenerateMatrix_IsOrthonormalAndRepeatable(string kind)
    {
        using var scope = NewDisposeScope();
        var matrix = Make(kind);
        var columns = OrthonormalColumns.Of(matrix);
        AssertOrthonormal(columns, matrix.shape);
        Assert.Equal(columns.data<double>().ToArray(), OrthonormalColumns.Of(matrix).data<double>().ToArray());
    }

    [Fact]
    public void Of_AnyMatrix_IsOrthonormalAndSpansItsColumns() =>
        Gen.Select(Gen.ULong, Gen.Long[1, 6], Gen.Long[0, 40], Gen.Int[0, 6])
            .Sample(
                (seed, rank, more, zeros) =>
                {
                    using var scope = NewDisposeScope();
                    using var generator = new Generator(seed);
                    var matrix = randn([rank + more, rank], generator: generator, dtype: ScalarType.Float64);
                    if (zeros < rank)
                        matrix[TensorIndex.Colon, zeros] = 0;
                    var columns = OrthonormalColumns.Of(matrix);
                    AssertOrthonormal(columns, matrix.shape);
                    // float64, values of about 1
                    Assert.True(columns.mm(columns.t().mm(matrix)).allclose(matrix, rtol: 0, atol: 1e-10));
                },
                iter: 200,
                threads: 1
            );

    private static void AssertOrthonormal(Tensor columns, long[] shape)
    {
        Assert.Equal(shape, columns.shape);
        // NaN would fail too
        Assert.True(columns.t().mm(columns).allclose(eye(shape[1], dtype: ScalarType.Float64), rtol: 0, atol: 1e-12));
    }

    private static Tensor Make(string kind)
    {
        using var generator = new Generator(1);
        var matrix = randn(
            [
                kind switch
                {
                    "one row more" => 5,
                    "square" => 4,
                    _ => 50,
                },
                4,
            ],
            generator: generator
        );
        switch (kind)
        {
            case "zero":
                matrix.zero_();
                break;
            case "zero column":
                matrix[TensorIndex.Colon, 1] = 0;
                break;
            case "same columns":
                matrix.copy_(matrix.narrow(1, 0, 1).expand(50, 4).clone());
                break;
            case "nearly the same":
                matrix.copy_(matrix.narrow(1, 0, 1).expand(50, 4) + matrix * 1e-7);
                break;
            case "tiny":
                matrix.mul_(1e-38).mul_(1e-6);
                break; // denormal float32
            case "huge":
                matrix.mul_(1e37);
                break;
        }

        return matrix;
    }
}
