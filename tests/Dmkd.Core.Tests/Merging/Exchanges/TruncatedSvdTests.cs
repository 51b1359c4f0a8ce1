using Dmkd.Core.Merging.Exchanges;
using Dmkd.Core.Tests.Devices;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Merging.Exchanges;

public class TruncatedSvdTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 30)]
    [InlineData(40, 100)]
    [InlineData(100, 40)]
    [InlineData(64, 576)]
    [InlineData(96, 80)]
    public void Compute_FullRank_IsLossless(long rows, long columns)
    {
        using var scope = NewDisposeScope();
        var matrix = Gaussian(rows, columns);
        double error = Error(matrix, (int)Math.Min(rows, columns));
        Assert.InRange(error, 0, 1e-5); // float32 factors: a few roundings of 6e-8, averaged over the matrix
    }

    [Theory]
    [InlineData(16, 144, 4)]
    [InlineData(300, 48, 8)]
    [InlineData(64, 576, 16)]
    [InlineData(100, 90, 85)]
    public void Compute_ExactPath_IsWithin2PercentOfTheOptimum(long rows, long columns, int rank)
    {
        using var scope = NewDisposeScope();
        var matrix = Gaussian(rows, columns);
        double ratio = Error(matrix, rank) / Optimum(matrix, rank);
        TestContext.Current.TestOutputHelper?.WriteLine($"{rows}x{columns} rank {rank}: {ratio:f6} of the optimum");
        Assert.InRange(ratio, 0.999, 1.02);
    }

    [Theory]
    [InlineData(128, 512, 8, 0.0, 1.04)]
    [InlineData(512, 128, 8, 0.0, 1.04)]
    [InlineData(128, 1152, 16, 0.5, 1.05)]
    [InlineData(1152, 128, 4, 1.0, 1.05)]
    [InlineData(256, 784, 16, 1.0, 1.05)]
    public void Compute_RandomizedPath_IsWithinAFewPercentOfTheOptimum(
        long rows,
        long columns,
        int rank,
        double decay,
        double limit
    )
    {
        using var scope = NewDisposeScope();
        var matrix = Decaying(rows, columns, decay);
        double ratio = Error(matrix, rank) / Optimum(matrix, rank);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{rows}x{columns} rank {rank} decay {decay}: {ratio:f4} of the optimum"
        );
        Assert.InRange(ratio, 0.999, limit);
    }

    [Theory]
    [InlineData(40, 60)]
    [InlineData(200, 100)]
    public void Compute_MatrixOfThatRank_IsLossless(long rows, long columns)
    {
        using var scope = NewDisposeScope();
        var matrix = Gaussian(rows, 3).mm(Gaussian(3, columns));
        Assert.InRange(Error(matrix, 5), 0, 1e-5);
    }

    [Theory]
    [InlineData(20, 30)]
    [InlineData(200, 100)]
    public void Compute_Zeros_GivesZeros(long rows, long columns)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        using var factors = TruncatedSvd.Compute(zeros(rows, columns), 2, generator);
        Assert.Equal(0, factors.Multiply().abs().sum().item<float>());
    }

    [Theory]
    [InlineData(30, 50)]
    [InlineData(150, 100)]
    public void Compute_Factors_AreOrthonormalAndSorted(long rows, long columns)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        using var factors = TruncatedSvd.Compute(Gaussian(rows, columns), 6, generator);
        Assert.Equal([rows, 6], factors.Left.shape);
        Assert.Equal([6, columns], factors.Right.shape);
        Assert.True(factors.Left.t().mm(factors.Left).allclose(eye(6), atol: 1e-5));
        Assert.True(factors.Right.mm(factors.Right.t()).allclose(eye(6), atol: 1e-5));
        float[] singular = factors.Singular.data<float>().ToArray();
        Assert.Equal(singular.OrderDescending(), singular);
    }

    [Fact]
    public void Compute_SameSeed_GivesTheSameBits()
    {
        using var scope = NewDisposeScope();
        var matrix = Gaussian(128, 256);
        using var one = new Generator(7);
        using var other = new Generator(7);
        Assert.True(
            TruncatedSvd
                .Compute(matrix, 4, one)
                .Multiply()
                .bytes.SequenceEqual(TruncatedSvd.Compute(matrix, 4, other).Multiply().bytes)
        );
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public void Compute_RankOutOfRange_IsRefused(int rank)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        var error = Assert.Throws<ArgumentOutOfRangeException>(() =>
            TruncatedSvd.Compute(zeros(4, 6), rank, generator)
        );
        Assert.Contains("rank must be in [1, 4] for a 4x6 matrix", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(20, 30)]
    [InlineData(100, 200)]
    [InlineData(200, 100)]
    public void Compute_LeaksNoTensor(long rows, long columns)
    {
        using var matrix = Gaussian(rows, columns);
        using var generator = new Generator(1);
        Assert.Equal(0, LiveTensors.Change(() => TruncatedSvd.Compute(matrix, 3, generator).Dispose()));
    }

    private static double Error(Tensor matrix, int rank)
    {
        using var generator = new Generator(1);
        using var factors = TruncatedSvd.Compute(matrix, rank, generator);
        using var product = factors.Multiply();
        return TestWeights.RelativeError(matrix, product);
    }

    private static double Optimum(Tensor matrix, int rank)
    {
        using var scope = NewDisposeScope();
        var singular = linalg.svdvals(matrix.to(ScalarType.Float64));
        return (singular.narrow(0, rank, singular.shape[0] - rank).norm() / singular.norm()).item<double>();
    }

    private static Tensor Gaussian(long rows, long columns)
    {
        using var generator = new Generator(42);
        return randn([rows, columns], generator: generator);
    }

    /// <summary>
    /// Random singular vectors, singular values i^-decay; decay 0 is a plain Gaussian matrix, the hardest case.
    /// </summary>
    private static Tensor Decaying(long rows, long columns, double decay)
    {
        var gaussian = Gaussian(rows, columns);
        if (decay == 0)
            return gaussian;
        var (u, s, vt) = linalg.svd(gaussian, fullMatrices: false);
        return (u * arange(1, s.shape[0] + 1).to(ScalarType.Float32).pow(-decay)).mm(vt);
    }
}
