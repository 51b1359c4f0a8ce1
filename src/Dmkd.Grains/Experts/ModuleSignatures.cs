using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Settings;
using Dmkd.Core.Modalities;
using Dmkd.Core.Models;

namespace Dmkd.Grains.Experts;

/// <summary>What modules take and what their outputs mean, read from their descriptors.</summary>
public static class ModuleSignatures
{
    /// <summary>
    /// A module's signature; of a descriptor from before signatures, what its architecture and labels come to.
    /// </summary>
    public static ModuleSignature ReadSignature(this ModuleDescriptor descriptor)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        if (descriptor.Signature is { } text)
            return ModuleSignature.Parse(text);
        var plain = ModalityCatalog.SignatureOf(descriptor.Architecture, ModuleSignature.PlainLabels);
        if (!descriptor.TellsViews)
            return plain;
        return plain with { LabelSpace = ModalityCatalog.Of(plain).ExpertLabels };
    }

    /// <summary>
    /// The descriptor in today's form: with a signature, and without the field that told of labels before.
    /// </summary>
    public static ModuleDescriptor Migrated(this ModuleDescriptor descriptor)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        if (descriptor.Signature is not null)
            return descriptor;
        return descriptor with { Signature = descriptor.ReadSignature().ToString(), TellsViews = false };
    }

    /// <summary>How a module's inputs are scored.</summary>
    internal static ScoringOptions ScoringOf(ModuleDescriptor descriptor, RoutingSettings routing) =>
        new(descriptor.ReadSignature().LabelSpace, descriptor.Normalisation, routing.Views, routing.Centred);
}
