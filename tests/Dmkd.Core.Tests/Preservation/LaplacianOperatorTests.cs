using Dmkd.Core.Preservation;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Preservation;

public sealed class LaplacianOperatorTests
{
    [Theory]
    [InlineData(1)] // less than a register
    [InlineData(8)]
    [InlineData(13)]
    public void Apply_OneThreadOrMany_IsEqualBitForBit(int width)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(2);
        var graph = KrylovEigenSolverTests.Planted(1, layers: 6, width: 100, density: 0.4);
        double[] roots = [.. Enumerable.Range(0, graph.NodeCount).Select(node => Math.Sqrt(graph.DegreeOf(node)))];
        var block = randn([graph.NodeCount, width], float64, generator: generator);
        var serial = new LaplacianOperator(graph, roots, null, null, threads: 1).Apply(block);
        TensorAssert.Identical(serial, new LaplacianOperator(graph, roots, null, null, threads: 5).Apply(block));
        TensorAssert.Identical(serial, new LaplacianOperator(graph, roots, null, null).Apply(block));
    }

    [Fact]
    public void Apply_ManyColumns_IsEachColumnAlone()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(2);
        var graph = KrylovEigenSolverTests.Planted(1, layers: 3, width: 50, density: 0.4);
        double[] roots = [.. Enumerable.Range(0, graph.NodeCount).Select(node => Math.Sqrt(graph.DegreeOf(node)))];
        LaplacianOperator laplacian = new(graph, roots, null, null);
        var block = randn([graph.NodeCount, 19], float64, generator: generator);
        var columns = Enumerable.Range(0, 19).Select(column => laplacian.Apply(block.narrow(1, column, 1)));
        TensorAssert.Identical(cat([.. columns], 1), laplacian.Apply(block));
    }
}
