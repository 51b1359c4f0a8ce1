using Dmkd.Core.Models;

namespace Dmkd.Core.Preservation;

/// <summary>
/// The networks of a run, all of one family: a legacy network, and the experts that are cut from it or made like such a
/// cut.
/// </summary>
public sealed class NetworkFamily
{
    /// <summary>
    /// A legacy network is this many times as wide as an expert cut from it, so that every cluster can be cut to that
    /// width.
    /// </summary>
    public const int LegacyWidthFactor = 2;

    private readonly NetworkArchitecture _expert;
    private readonly NetworkArchitecture _legacy;

    private NetworkFamily(NetworkArchitecture expert, NetworkArchitecture legacy) =>
        (_expert, _legacy) = (expert, legacy);

    /// <summary>The networks that are named, or else convolutional ones of given widths.</summary>
    /// <param name="architecture">As for <see cref="Named"/>; null for convolutional networks.</param>
    /// <param name="widths">As for <see cref="OfWidths"/>.</param>
    /// <param name="channels">Channels of the images.</param>
    /// <param name="size">Their height and width.</param>
    /// <param name="hasLegacy">As for <see cref="Named"/>.</param>
    /// <exception cref="ArgumentException">As of <see cref="Named"/>.</exception>
    public static NetworkFamily Of(
        string? architecture,
        IReadOnlyList<int> widths,
        int channels,
        int size,
        bool hasLegacy
    ) => architecture is null ? OfWidths(widths, channels, size) : Named(architecture, channels, size, hasLegacy);

    /// <summary>Convolutional networks of given widths; a legacy network is twice as wide.</summary>
    /// <param name="widths">Channels of an expert's layers.</param>
    /// <param name="channels">Channels of the images.</param>
    /// <param name="size">Their height and width.</param>
    public static NetworkFamily OfWidths(IReadOnlyList<int> widths, int channels, int size)
    {
        ArgumentNullException.ThrowIfNull(widths);
        int[] wide = [.. widths.Select(width => width * LegacyWidthFactor)];
        return new NetworkFamily(
            new ConvNetArchitecture(channels, size, widths, 1),
            new ConvNetArchitecture(channels, size, wide, 1)
        );
    }

    /// <summary>
    /// A network of <see cref="ArchitectureCatalog"/>; with a legacy network that is the one, and experts have half its
    /// widths.
    /// </summary>
    /// <param name="text">Its name, or its text form.</param>
    /// <param name="channels">Channels of the images.</param>
    /// <param name="size">Their height and width.</param>
    /// <param name="hasLegacy">Whether there is a legacy network; without one an expert is the network itself.</param>
    /// <exception cref="ArgumentException">There is no such network, or it takes other images; the message says
    /// which.</exception>
    public static NetworkFamily Named(string text, int channels, int size, bool hasLegacy)
    {
        var network = Read(text, size);
        if (network.InputShape != new InputShape(channels, size, size))
            throw new ArgumentException(
                $"The images are {channels}x{size}x{size}; the network '{text}' takes " + $"{network.InputShape}.",
                nameof(text)
            );
        return new NetworkFamily(hasLegacy ? Halved(network) : network, network);
    }

    /// <summary>Reads a name or a text form.</summary>
    /// <param name="text">Either.</param>
    /// <param name="size">Height and width of the images, for a name.</param>
    /// <exception cref="ArgumentException">It is neither; the message lists the names, or says what is
    /// malformed.</exception>
    public static NetworkArchitecture Read(string text, int size)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!text.Contains('(', StringComparison.Ordinal))
            return ArchitectureCatalog.Named(text, 1, size);
        try
        {
            return ArchitectureCatalog.Parse(text);
        }
        catch (FormatException e)
        {
            throw new ArgumentException(e.Message, nameof(text), e);
        }
    }

    /// <summary>An expert.</summary>
    /// <param name="outputs">At least 1.</param>
    public NetworkArchitecture Expert(int outputs) => WithOutputs(_expert, outputs);

    /// <summary>A legacy network.</summary>
    /// <param name="outputs">At least 1.</param>
    public NetworkArchitecture Legacy(int outputs) => WithOutputs(_legacy, outputs);

    private static NetworkArchitecture WithOutputs(NetworkArchitecture network, int outputs) =>
        network.Resize(space => space.Width, outputs);

    private static NetworkArchitecture Halved(NetworkArchitecture network) =>
        network.Resize(space => UnitSelector.Width(space, 1.0 / LegacyWidthFactor), 1);
}
