using System.Globalization;
using static TorchSharp.torch;

namespace Dmkd.Core.Modalities.Images;

/// <summary>
/// How pixels become the numbers a network was trained on: (pixel / 255 - mean) / deviation, per channel.
/// </summary>
public sealed record InputNormalisation
{
    private const string Example = "mean=0.5,0.5,0.5;std=0.5,0.5,0.5";
    private const int MaxChannels = 4096;
    private readonly float[] _mean;
    private readonly float[] _deviation;

    private InputNormalisation(string name, float[] mean, float[] deviation)
    {
        Name = name;
        _mean = mean;
        _deviation = deviation;
    }

    /// <summary>
    /// DMKD's own: mean 0.5, deviation 0.25, whatever the data, so that no node's statistics leave it.
    /// </summary>
    public static InputNormalisation Standard { get; } = new("standard", [0.5f], [0.25f]);

    /// <summary>The statistics of ImageNet, which most published checkpoints were trained with.</summary>
    public static InputNormalisation ImageNet { get; } =
        new("imagenet", [0.485f, 0.456f, 0.406f], [0.229f, 0.224f, 0.225f]);

    /// <summary>The statistics of CIFAR-10.</summary>
    public static InputNormalisation Cifar10 { get; } =
        new("cifar10", [0.4914f, 0.4822f, 0.4465f], [0.2470f, 0.2435f, 0.2616f]);

    /// <summary>Pixels in [0, 1].</summary>
    public static InputNormalisation None { get; } = new("none", [0], [1]);

    /// <summary>All of them.</summary>
    public static IReadOnlyList<InputNormalisation> All { get; } = [Standard, ImageNet, Cifar10, None];

    /// <summary>Their names, for settings; texts with own statistics are known too.</summary>
    public static Registry Known { get; } = new NormalisationRegistry();

    /// <summary>Name by which options choose it; with own statistics <c>mean=0.5,0.4,0.3;std=0.2,0.2,0.2</c>.</summary>
    public string Name { get; }

    /// <summary>Finds one by name, or reads its statistics.</summary>
    /// <param name="name">A name, or <c>mean=...;std=...</c> with one number for all channels or one for each, of
    /// pixels in [0, 1].</param>
    /// <exception cref="ArgumentException">None has the name, or the statistics are none; the message lists those there
    /// are.</exception>
    public static InputNormalisation Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (All.FirstOrDefault(known => known.Name == name) is { } found)
            return found;
        if (!name.Contains('=', StringComparison.Ordinal))
            throw new ArgumentException(
                $"There is no normalisation '{name}'; there are: {string.Join(", ", All.Select(known => known.Name))}, "
                    + $"or your own, such as {Example}.",
                nameof(name)
            );
        return Read(name);
    }

    private static InputNormalisation Read(string text)
    {
        var parts = text.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(part => part.Split('=', 2, StringSplitOptions.TrimEntries))
            .ToArray();
        string[] names = [.. parts.Select(part => part[0]).Order(StringComparer.Ordinal)];
        if (names is not ["mean", "std"] || parts.Any(part => part.Length < 2))
            throw Malformed(text, "it needs mean= and std=, each once");
        float[] mean = Numbers(text, parts.First(part => part[0] == "mean")[1]),
            deviation = Numbers(text, parts.First(part => part[0] == "std")[1]);
        if (mean.Length != deviation.Length && mean.Length != 1 && deviation.Length != 1)
            throw Malformed(text, $"it has {mean.Length} means and {deviation.Length} deviations");
        if (deviation.Any(value => value <= 0))
            throw Malformed(text, "deviations must be above 0");
        int channels = Math.Max(mean.Length, deviation.Length);
        return new InputNormalisation(
            $"mean={Text(mean)};std={Text(deviation)}",
            mean.Length == channels ? mean : [.. Enumerable.Repeat(mean[0], channels)],
            deviation.Length == channels ? deviation : [.. Enumerable.Repeat(deviation[0], channels)]
        );
    }

    private static float[] Numbers(string text, string list)
    {
        string[] words = list.Split(',', StringSplitOptions.TrimEntries);
        float[] numbers = new float[words.Length];
        for (int i = 0; i < words.Length; i++)
            if (
                !float.TryParse(words[i], NumberStyles.Float, CultureInfo.InvariantCulture, out numbers[i])
                || !float.IsFinite(numbers[i])
            )
                throw Malformed(text, $"'{words[i]}' is no number");
        return numbers.Length <= MaxChannels ? numbers : throw Malformed(text, $"it has {numbers.Length} numbers");
    }

    private static string Text(float[] numbers) =>
        string.Join(',', numbers.Select(number => number.ToString(CultureInfo.InvariantCulture)));

    private static ArgumentException Malformed(string text, string problem) =>
        new($"'{text}' is no normalisation: {problem}; expected, for example, {Example}.", nameof(text));

    /// <summary>Normalises pixels.</summary>
    /// <param name="pixels">uint8, shape [batch, channels, height, width]. Borrowed.</param>
    /// <returns>Float32 of the same shape on the same device, owned by the caller.</returns>
    /// <exception cref="ArgumentException">The statistics are for another number of channels.</exception>
    public Tensor Apply(Tensor pixels)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        long channels = pixels.shape[1];
        if (_mean.Length != 1 && _mean.Length != channels)
            throw new ArgumentException(
                $"Normalisation {Name} is for {_mean.Length} channels; the images have {channels}.",
                nameof(pixels)
            );
        using var scope = NewDisposeScope();
        var mean = tensor(_mean).view(1, -1, 1, 1).to(pixels.device);
        var deviation = tensor(_deviation).view(1, -1, 1, 1).to(pixels.device);
        return pixels.to(ScalarType.Float32).div_(255).sub_(mean).div_(deviation).MoveToOuterDisposeScope();
    }

    /// <summary>The names, and texts with own statistics.</summary>
    private sealed class NormalisationRegistry() : Registry("normalisation", All.Select(known => known.Name))
    {
        /// <inheritdoc/>
        public override string? ProblemOf(string text)
        {
            if (!text.Contains('=', StringComparison.Ordinal))
                return base.ProblemOf(text);
            try
            {
                _ = Find(text);
                return null;
            }
            catch (ArgumentException error)
            {
                return error.Message.Split(" (Parameter", 2)[0];
            }
        }
    }
}

/// <summary>
/// What the gate <c>mlp</c> sees of an image: the mean of each channel, and of the grey image's horizontal and vertical
/// differences, in a grid of 4x4 cells (proposal 3.3). It is computed from the pixels alone, so no new expert changes
/// it.
/// </summary>
public static class InputDescriptor
{
    private const int Grid = 4;
    private const double White = 255;

    /// <summary>Numbers of a descriptor.</summary>
    /// <param name="channels">Channels of an image, at least 1.</param>
    public static int Length(int channels) => Grid * Grid * (channels + 2);

    /// <summary>Describes images.</summary>
    /// <param name="pixels">Shape [count, channels, size, size], one byte a value. Borrowed.</param>
    /// <param name="count">Images.</param>
    /// <param name="channels">Channels of an image, at least 1.</param>
    /// <param name="size">Height and width, at least 4 pixels.</param>
    /// <returns>Shape [count, <see cref="Length"/>]: values in [0, 1], channel after channel, then the two
    /// differences.</returns>
    public static double[] Describe(ReadOnlySpan<byte> pixels, int count, int channels, int size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, Grid);
        int image = channels * size * size,
            length = Length(channels);
        ArgumentOutOfRangeException.ThrowIfNotEqual(pixels.Length, (long)count * image, nameof(pixels));
        double[] all = new double[count * length];
        for (int i = 0; i < count; i++)
            Describe(pixels.Slice(i * image, image), channels, size, all.AsSpan(i * length, length));
        return all;
    }

    private static void Describe(ReadOnlySpan<byte> image, int channels, int size, Span<double> descriptor)
    {
        Span<int> counts = stackalloc int[Grid * Grid];
        double[] grey = new double[size * size];
        for (int y = 0; y < size; y++)
        {
            for (int x = 0; x < size; x++)
            {
                int cell = y * Grid / size * Grid + x * Grid / size;
                counts[cell]++;
                for (int c = 0; c < channels; c++)
                {
                    double value = image[(c * size + y) * size + x] / White;
                    grey[y * size + x] += value / channels;
                    descriptor[c * Grid * Grid + cell] += value;
                }
            }
        }

        for (int y = 0; y < size; y++)
        {
            for (int x = 0; x < size; x++)
            {
                int cell = y * Grid / size * Grid + x * Grid / size;
                double here = grey[y * size + x];
                if (x + 1 < size)
                    descriptor[channels * Grid * Grid + cell] += Math.Abs(grey[y * size + x + 1] - here);
                if (y + 1 < size)
                    descriptor[(channels + 1) * Grid * Grid + cell] += Math.Abs(grey[(y + 1) * size + x] - here);
            }
        }

        for (int i = 0; i < descriptor.Length; i++)
            descriptor[i] /= counts[i % (Grid * Grid)];
    }
}
