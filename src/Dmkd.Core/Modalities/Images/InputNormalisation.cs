using static TorchSharp.torch;

namespace Dmkd.Core.Modalities.Images;

/// <summary>
/// How pixels become the numbers a network was trained on: (pixel / 255 - mean) / deviation, per channel.
/// </summary>
public sealed record InputNormalisation
{
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

    /// <summary>Their names, for settings.</summary>
    public static Registry Known { get; } = new("normalisation", All.Select(known => known.Name));

    /// <summary>Name by which options choose it.</summary>
    public string Name { get; }

    /// <summary>Finds one by name.</summary>
    /// <exception cref="ArgumentException">None has the name; the message lists those there are.</exception>
    public static InputNormalisation Find(string name) =>
        All.FirstOrDefault(known => known.Name == name)
        ?? throw new ArgumentException(
            $"There is no normalisation '{name}'; there are: {string.Join(", ", All.Select(known => known.Name))}.",
            nameof(name)
        );

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
}
