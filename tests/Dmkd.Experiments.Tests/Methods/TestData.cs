using Dmkd.Core.Modalities.Images;
using Dmkd.Core.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Dmkd.Experiments.Tests.Methods;

/// <summary>Small networks and numbers for tests of formulas.</summary>
internal static class TestData
{
    public static ConvNetArchitecture Architecture { get; } = new(3, 8, [4, 5], 3);

    public static Network Network(ulong seed = 1)
    {
        using var generator = new Generator(seed, CPU);
        var network = Architecture.Build(generator);
        network.eval();
        return network;
    }

    /// <summary>Random images, owned by the caller.</summary>
    public static ImageTensors Images(int count, int seed = 1)
    {
        byte[] pixels = new byte[count * 3 * 8 * 8];
        new Random(seed).NextBytes(pixels);
        return ImageTensors.From(pixels, [.. Enumerable.Range(0, count).Select(i => i % 3)], channels: 3, size: 8);
    }

    public static double[] Doubles(Tensor values)
    {
        using var scope = NewDisposeScope();
        return [.. values.detach().to(float64).cpu().flatten().data<double>()];
    }

    public static double[] Softmax(IEnumerable<double> logits)
    {
        double[] powers = [.. logits.Select(Math.Exp)];
        return [.. powers.Select(power => power / powers.Sum())];
    }

    public static void Close(IEnumerable<double> expected, Tensor actual, double tolerance)
    {
        double[] values = Doubles(actual);
        Assert.Equal(expected.Count(), values.Length);
        foreach (var (wanted, value) in expected.Zip(values))
            Assert.Equal(wanted, value, tolerance);
    }

    /// <summary>
    /// Asserts that an action leaves no tensor behind; it runs twice, since the first call may fill caches.
    /// </summary>
    public static void AssertNoLeak(Action action)
    {
        action();
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        action();
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }
}
