using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Merging;

internal static class TestWeights
{
    /// <summary>A set of copies: owned by the caller, independent of any scope.</summary>
    public static WeightSet Of(params (string Name, float[] Values, long[] Shape)[] tensors)
    {
        using var scope = NewDisposeScope();
        return new WeightSet([
            .. tensors.Select(t => KeyValuePair.Create(t.Name, tensor(t.Values).reshape(t.Shape).clone())),
        ]);
    }

    /// <summary>A vector named <c>w</c>.</summary>
    public static WeightSet Vector(params float[] values) => Of(("w", values, [values.Length]));

    /// <summary>Gaussian values.</summary>
    public static WeightSet Random(ulong seed, params (string Name, long[] Shape)[] tensors)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(seed);
        return new WeightSet([
            .. tensors.Select(t => KeyValuePair.Create(t.Name, randn(t.Shape, generator: generator))),
        ]);
    }

    /// <summary>The update of a small network: a convolution, a wide head, and vectors.</summary>
    public static WeightSet Network(ulong seed) =>
        Random(
            seed,
            ("conv.weight", [24, 16, 3, 3]),
            ("norm.running_mean", [24]),
            ("head.weight", [20, 96]),
            ("head.bias", [20])
        );

    public static float[] Values(this WeightSet weights, string name) => weights[name].data<float>().ToArray();

    /// <summary>Whether two sets hold the same names, shapes and bits.</summary>
    public static void AssertSameBits(WeightSet expected, WeightSet actual)
    {
        Assert.Equal(expected.Keys, actual.Keys);
        foreach (var (name, tensor) in expected)
        {
            Assert.Equal(tensor.shape, actual[name].shape);
            Assert.True(tensor.bytes.SequenceEqual(actual[name].bytes), name);
        }
    }

    /// <summary><c>||expected - actual|| / ||expected||</c>, Frobenius norms.</summary>
    public static double RelativeError(Tensor expected, Tensor actual)
    {
        using var scope = NewDisposeScope();
        return ((expected - actual).norm() / expected.norm()).item<float>();
    }
}
