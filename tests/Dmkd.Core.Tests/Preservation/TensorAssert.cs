using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Preservation;

internal static class TensorAssert
{
    /// <summary>Same shape, same bits.</summary>
    public static void Identical(Tensor expected, Tensor actual)
    {
        using var scope = NewDisposeScope();
        Assert.Equal(expected.shape, actual.shape);
        Assert.True(
            expected.detach().cpu().contiguous().bytes.SequenceEqual(actual.detach().cpu().contiguous().bytes),
            "values differ"
        );
    }

    public static void Identical(WeightSet expected, WeightSet actual)
    {
        Assert.Equal(expected.Keys, actual.Keys);
        foreach (var (name, tensor) in expected)
            Identical(tensor, actual[name]);
    }

    public static void Close(Tensor expected, Tensor actual, double tolerance)
    {
        using var scope = NewDisposeScope();
        Assert.Equal(expected.shape, actual.shape);
        double difference = (expected - actual).abs().max().item<float>();
        Assert.True(difference <= tolerance, $"largest difference {difference}");
    }
}
