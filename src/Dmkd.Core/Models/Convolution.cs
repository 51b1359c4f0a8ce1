using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Dmkd.Core.Devices;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dmkd.Core.Models;

/// <summary>Numbers of a square convolution.</summary>
/// <param name="Inputs">Channels in.</param>
/// <param name="Outputs">Channels out.</param>
/// <param name="Kernel">Height and width of the kernel.</param>
public sealed record ConvolutionShape(int Inputs, int Outputs, int Kernel)
{
    /// <summary>Step between outputs. Default: 1.</summary>
    public int Stride { get; init; } = 1;

    /// <summary>Zeros around the map. Default: 0.</summary>
    public int Padding { get; init; }

    /// <summary>Parts of the channels that do not see each other. Default: 1.</summary>
    public int Groups { get; init; } = 1;
}

/// <summary>
/// The one place through which every convolution goes (docs/adr/0024). Maps and weights are in channels-last memory,
/// 1.4 to 1.6 times faster on a CPU; strided 1x1 kernels thin the map out first (docs/adr/0011); and before the
/// process's first one, all of them are tested. Owns its parameters, <c>weight</c> of shape [outputs, inputs / groups,
/// kernel, kernel] and <c>bias</c> of shape [outputs], which keep the usual memory order.
/// </summary>
public sealed class Convolution : nn.Module<Tensor, Tensor>
{
    private static readonly Lazy<ConvolutionReport> Examined = new(() => ConvolutionGuard.Examine(Compute));
    private readonly ConvolutionShape _shape;

    /// <summary>Makes a convolution of zeros, which its maker initialises.</summary>
    /// <param name="shape">Its numbers.</param>
    /// <param name="bias">Whether it adds a number to each output.</param>
    public Convolution(ConvolutionShape shape, bool bias)
        : base(nameof(Convolution))
    {
        ArgumentNullException.ThrowIfNull(shape);
        _shape = shape;
        register_parameter("weight", Zeros(shape.Outputs, shape.Inputs / shape.Groups, shape.Kernel, shape.Kernel));
        if (bias)
            register_parameter("bias", Zeros(shape.Outputs));
    }

    /// <summary>What was found about this process's convolutions; null as long as none was asked for.</summary>
    public static ConvolutionReport? Found => Examined.IsValueCreated ? Examined.Value : null;

    /// <summary>The kernels.</summary>
    public Parameter Weight => get_parameter("weight")!; // by name every time: moving to a device replaces parameters

    /// <summary>What is added to each output; null without.</summary>
    public Parameter? Bias => get_parameter("bias");

    /// <summary>Tests this process's convolutions, once; later and concurrent calls return the first result.</summary>
    public static ConvolutionReport Examine() => Examined.Value;

    /// <summary>Tests this process's convolutions, once, and refuses to go on with wrong ones.</summary>
    /// <exception cref="ConvolutionException">They are wrong.</exception>
    public static ConvolutionReport Require()
    {
        var report = Examined.Value;
        return report.State is ConvolutionState.Wrong ? throw new ConvolutionException(report) : report;
    }

    /// <summary>The map in channels-last memory; its shape stays.</summary>
    /// <param name="map">Shape [batch, channels, height, width]. Borrowed.</param>
    /// <returns>In the current scope: a copy, or another view of the same memory.</returns>
    public static Tensor ChannelsLast(Tensor map)
    {
        ArgumentNullException.ThrowIfNull(map);
        long[] shape = map.shape;
        var last = map.permute(0, 2, 3, 1).contiguous();
        // Where channels or pixels are one, both orders are the same memory and contiguous() keeps strides that say
        // "plain", which the layers behind would follow. Through a flat view the strides are made anew.
        bool isAmbiguous = shape[1] == 1 || shape[2] == 1 || shape[3] == 1;
        if (isAmbiguous)
            last = last.view(-1).view(shape[0], shape[2], shape[3], shape[1]);
        return last.permute(0, 3, 1, 2);
    }

    /// <summary>Every second, third, ... row and column of a map.</summary>
    /// <param name="map">Shape [batch, channels, height, width]. Borrowed.</param>
    /// <param name="stride">Step, at least 1.</param>
    /// <returns>A view in the current scope.</returns>
    public static Tensor EveryPosition(Tensor map, int stride)
    {
        ArgumentNullException.ThrowIfNull(map);
        return map.slice(2, 0, map.shape[2], stride).slice(3, 0, map.shape[3], stride);
    }

    /// <summary>Convolves a map.</summary>
    /// <param name="input">Shape [batch, inputs, height, width]. Borrowed.</param>
    /// <returns>Shape [batch, outputs, height, width], each of the last two divided by the stride. Owned by the
    /// caller.</returns>
    /// <exception cref="ConvolutionException">This machine's convolutions are wrong.</exception>
    public override Tensor forward(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        Require();
        return Compute(input, Weight, Bias, _shape);
    }

    /// <summary>What is tested: the computation, without asking first whether it was.</summary>
    internal static Tensor Compute(Tensor input, Tensor weight, int stride, int padding, int groups) =>
        Compute(
            input,
            weight,
            null,
            new ConvolutionShape(0, 0, (int)weight.shape[2])
            {
                Stride = stride,
                Padding = padding,
                Groups = groups,
            }
        );

    private static Tensor Compute(Tensor input, Tensor weight, Tensor? bias, ConvolutionShape shape)
    {
        using var scope = NewDisposeScope();
        // The gradient of a strided 1x1 convolution in channels-last memory kills the process (libtorch 2.10 on
        // AVX-512: 8 to 16 channels, 3 inputs of 16x16).
        bool thins = shape is { Kernel: 1, Stride: > 1, Padding: 0 };
        var map = ChannelsLast(thins ? EveryPosition(input, shape.Stride) : input);
        long stride = thins ? 1 : shape.Stride;
        var result = nn.functional.conv2d(
            map,
            ChannelsLast(weight),
            bias,
            [stride, stride],
            [shape.Padding, shape.Padding],
            groups: shape.Groups
        );
        return result.MoveToOuterDisposeScope();
    }

    // Detached: a bare parameter belongs to the scope it is made in and dies with it, unlike those of TorchSharp's own
    // modules.
    private static Parameter Zeros(params long[] shape)
    {
        using var scope = NewDisposeScope();
        Parameter parameter = new(zeros(shape));
        parameter.DetachFromDisposeScope();
        return parameter;
    }
}

/// <summary>
/// Makes sure that convolutions are right before the process trusts one (docs/adr/0024): mends the caches that oneDNN
/// assumes, tests, and where that was not enough does without oneDNN. It tests instead of listing processors, because
/// the next fault will be elsewhere.
/// </summary>
internal static class ConvolutionGuard
{
    /// <summary>Examines this process, on a thread of its own with one torch thread.</summary>
    /// <param name="convolve">The product's convolution.</param>
    public static ConvolutionReport Examine(Convolve convolve)
    {
        var (library, path) = TorchRuntime.Processors();
        GuardedLibrary parts = new(
            () => CacheMend.Apply(library, path),
            () => OneDnn.TrySetEnabled(library, enabled: false)
        );
        ConvolutionReport? report = null;
        ExceptionDispatchInfo? failure = null;
        Thread thread = new(Run) { IsBackground = true, Name = "dmkd-convolutions" };
        thread.Start();
        thread.Join();
        failure?.Throw();
        return report!;

        void Run()
        {
            try
            {
                torch.set_num_threads(1); // belongs to the thread that calls it
                report = Examine(convolve, parts);
            }
#pragma warning disable CA1031 // thrown again where it can be caught
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
#pragma warning restore CA1031
        }
    }

    /// <summary>The decision.</summary>
    public static ConvolutionReport Examine(Convolve convolve, GuardedLibrary library)
    {
        long start = Stopwatch.GetTimestamp();
        var mend = library.Mend();
        string? problem = ConvolutionTest.FindWrong(convolve);
        if (problem is null)
            return Report(ConvolutionState.Right);
        bool helps = library.DoWithoutOneDnn() && ConvolutionTest.FindWrong(convolve) is null;
        return Report(helps ? ConvolutionState.RightWithoutOneDnn : ConvolutionState.Wrong);

        ConvolutionReport Report(ConvolutionState state) => new(state, mend, problem, Stopwatch.GetElapsedTime(start));
    }
}

/// <summary>What the guard can do to libtorch.</summary>
/// <param name="Mend">Mends the caches that oneDNN assumes, where they are one byte.</param>
/// <param name="DoWithoutOneDnn">Switches oneDNN off; false when that cannot be.</param>
internal sealed record GuardedLibrary(Func<CacheMendResult> Mend, Func<bool> DoWithoutOneDnn);
