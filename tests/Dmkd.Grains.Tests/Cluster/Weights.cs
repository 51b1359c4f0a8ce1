using System.Runtime.InteropServices;
using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Grains.Tests.Cluster;

/// <summary>Weights as plain arrays, for tests that compute by hand.</summary>
internal static class Weights
{
    /// <summary>A matrix "a", shape [2, 2], and a vector "b", shape [2].</summary>
    public static byte[] Encode(float[] a, float[] b)
    {
        using var scope = NewDisposeScope();
        using var set = new WeightSet([
            KeyValuePair.Create("a", tensor(a).reshape(2, 2)),
            KeyValuePair.Create("b", tensor(b)),
        ]);
        return WeightCodec.Encode(set);
    }

    public static float[] Decode(byte[] content, string name)
    {
        using var scope = NewDisposeScope();
        using var set = WeightCodec.Decode(content);
        return set[name].data<float>().ToArray();
    }

    public static double LargestDifference(byte[] content, byte[] other)
    {
        using var scope = NewDisposeScope();
        using WeightSet one = WeightCodec.Decode(content),
            two = WeightCodec.Decode(other);
        return one.Keys.Max(name => (one[name] - two[name]).abs().max().item<float>());
    }

    public static byte[] Bytes(params float[] values) => MemoryMarshal.AsBytes<float>(values).ToArray();
}
