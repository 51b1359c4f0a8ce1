using System.Globalization;
using System.Runtime.InteropServices;
using Dmkd.Core.Devices;
using static TorchSharp.torch;

namespace Dmkd.Core.Models;

/// <summary>A convolution under test.</summary>
/// <param name="input">Shape [batch, channels, height, width]. Borrowed.</param>
/// <param name="weight">Shape [outputs, channels / groups, kernel, kernel]. Borrowed.</param>
/// <param name="stride">Step between outputs.</param>
/// <param name="padding">Zeros around the input.</param>
/// <param name="groups">Parts of the channels that do not see each other.</param>
/// <returns>In the current scope.</returns>
internal delegate Tensor Convolve(Tensor input, Tensor weight, int stride, int padding, int groups);

/// <summary>
/// Compares small convolutions, their input gradients and their weight gradients with float64, where oneDNN takes no
/// part. The shapes are those that were wrong on machines with hidden caches (docs/adr/0024): odd widths, one channel,
/// 1x1, strided, grouped.
/// </summary>
internal static class ConvolutionTest
{
    private const double OutputTolerance = 1e-4,
        GradientTolerance = 1e-3; // float32 sums over a few hundred terms reach 1e-6
    private const ulong Seed = 1;

    /// <summary>The shapes.</summary>
    public static IReadOnlyList<TestedShape> Shapes { get; } =
    [
        new(6, 42, Kernel: 1),
        new(29, 34, Kernel: 1),
        new(16, 33, Kernel: 1) { Stride = 2 },
        new(1, 9, Kernel: 3),
        new(1, 16, Kernel: 3),
        new(3, 17, Kernel: 3),
        new(10, 10, Kernel: 3),
        new(33, 9, Kernel: 3),
        new(9, 18, Kernel: 3) { Stride = 2 },
        new(5, 1, Kernel: 3),
        new(6, 12, Kernel: 3) { Groups = 3 },
        new(8, 8, Kernel: 3) { Groups = 8 },
        new(3, 24, Kernel: 4) { Stride = 4, Padding = 0 },
        new(7, 7, Kernel: 7) { Stride = 2 },
    ];

    /// <summary>Runs all shapes.</summary>
    /// <returns>What is wrong with the first wrong one, such as <c>the output of 6 to 42 channels, 1x1, is 12 %
    /// off</c>; null when all are right.</returns>
    public static string? FindWrong(Convolve convolve)
    {
        foreach (var shape in Shapes)
            if (FindWrong(convolve, shape, Seed) is { } problem)
                return problem;
        return null;
    }

    /// <summary>Runs one shape.</summary>
    /// <param name="convolve">What computes it.</param>
    /// <param name="shape">The shape.</param>
    /// <param name="seed">Seed of the numbers that are convolved.</param>
    public static string? FindWrong(Convolve convolve, TestedShape shape, ulong seed)
    {
        using var scope = NewDisposeScope();
        using var grad = enable_grad();
        try
        {
            using Generator generator = new(seed);
            var input = randn([shape.Batch, shape.Inputs, shape.Size, shape.Size], generator: generator);
            var weight = randn(
                [shape.Outputs, shape.Inputs / shape.Groups, shape.Kernel, shape.Kernel],
                generator: generator
            );
            var (output, outputGradient) = Run(convolve, shape, input, weight, null);
            var expected = Run(
                convolve,
                shape,
                input.to(float64),
                weight.to(float64),
                outputGradient.to(float64)
            ).Results;
            string[] names = ["output", "input gradient", "weight gradient"];
            for (int i = 0; i < names.Length; i++)
            {
                double error = ErrorOf(output[i], expected[i]);
                double tolerance = i == 0 ? OutputTolerance : GradientTolerance;
                if (!(error <= tolerance))
                    return string.Create(CultureInfo.InvariantCulture, $"the {names[i]} of {shape} is {error:P0} off");
            }

            return null;
        }
        catch (ExternalException e)
        {
            return $"{shape} fails: {e.Message.Split('\n')[0].Trim()}";
        }
    }

    private static (Tensor[] Results, Tensor OutputGradient) Run(
        Convolve convolve,
        TestedShape shape,
        Tensor input,
        Tensor weight,
        Tensor? outputGradient
    )
    {
        var x = input.detach().requires_grad_();
        var w = weight.detach().requires_grad_();
        var y = convolve(x, w, shape.Stride, shape.Padding, shape.Groups);
        using Generator generator = new(Seed);
        var gradient = outputGradient ?? randn(y.shape, generator: generator);
        y.backward([gradient]);
        return ([y, x.grad!, w.grad!], gradient);
    }

    // The largest difference as a share of the largest value; NaN where there is one.
    private static double ErrorOf(Tensor actual, Tensor expected)
    {
        var difference = (actual.detach().to(float64) - expected.detach()).abs().max();
        return (difference / (expected.detach().abs().max() + 1e-12)).item<double>();
    }
}

/// <summary>A convolution's shape under test.</summary>
/// <param name="Inputs">Channels in.</param>
/// <param name="Outputs">Channels out.</param>
/// <param name="Kernel">Height and width of the kernel.</param>
internal sealed record TestedShape(int Inputs, int Outputs, int Kernel)
{
    public int Stride { get; init; } = 1;

    public int Padding { get; init; } = Kernel / 2;

    public int Groups { get; init; } = 1;

    /// <summary>
    /// More than one image, of 1x1 at least 16: libtorch leaves smaller work to other code than oneDNN's.
    /// </summary>
    public int Batch { get; init; } = Kernel == 1 ? 16 : 3;

    /// <summary>Height and width of the map.</summary>
    public int Size { get; init; } = 8;

    public override string ToString()
    {
        string stride = Stride == 1 ? "" : $" by steps of {Stride}";
        string groups = Groups == 1 ? "" : $" in {Groups} groups";
        return $"{Inputs} to {Outputs} channels, {Kernel}x{Kernel}{stride}{groups},";
    }
}

/// <summary>Whether this process's convolutions can be trusted.</summary>
public enum ConvolutionState
{
    /// <summary>Right.</summary>
    Right,

    /// <summary>Wrong with oneDNN, which is off since then; right and slower without.</summary>
    RightWithoutOneDnn,

    /// <summary>Wrong either way: nothing may be trained or predicted.</summary>
    Wrong,
}

/// <summary>What <see cref="ConvolutionGuard"/> found, once per process.</summary>
/// <param name="State">Whether they can be trusted.</param>
/// <param name="Mend">What became of the caches that oneDNN assumes.</param>
/// <param name="Problem">The first wrong convolution, as words; null when all were right at once.</param>
/// <param name="Time">Time that looking took.</param>
public sealed record ConvolutionReport(ConvolutionState State, CacheMendResult Mend, string? Problem, TimeSpan Time)
{
    /// <summary>Whether convolutions use oneDNN.</summary>
    public bool UsesOneDnn => State is ConvolutionState.Right;

    /// <summary>All of it as one line.</summary>
    public string Describe()
    {
        string mended =
            Mend is CacheMendResult.Mended ? ", after oneDNN's record of this processor's caches was mended" : "";
        return State switch
        {
            ConvolutionState.Right => $"right{mended}",
            ConvolutionState.RightWithoutOneDnn => $"right without oneDNN, which is off: with it {Problem}{mended}",
            _ => $"wrong{mended}: {Problem}",
        };
    }
}

/// <summary>
/// Convolutions are wrong on this machine, so nothing is trained or predicted. The message is one line for a person.
/// </summary>
public sealed class ConvolutionException(ConvolutionReport report)
    : Exception(
        $"Nothing is trained or predicted: this machine's convolutions are {report.Describe()}. `dmkd doctor` tells more."
    );
