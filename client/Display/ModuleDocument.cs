using Dmkd.Contracts.Experts;
using Dmkd.Core.Modules;

namespace Dmkd.Client.Display;

/// <summary>A module as <c>modules list|show</c> prints it. Field names are stable.</summary>
internal sealed record ModuleDocument
{
    public required string Name { get; init; }

    public required string Library { get; init; }

    public required int Version { get; init; }

    public required string Architecture { get; init; }

    public required long Parameters { get; init; }

    public required long MultiplyAdds { get; init; }

    public required long Bytes { get; init; }

    public required double? MeanEntropy { get; init; }

    public required IReadOnlyList<string> Classes { get; init; }

    public required string Digest { get; init; }

    public required ModuleLineage Lineage { get; init; }

    /// <summary>All versions, oldest first; only for <c>modules show</c>.</summary>
    public IReadOnlyList<ModuleVersion>? Versions { get; init; }

    /// <summary>The document of a module.</summary>
    public static ModuleDocument Of(ModuleSnapshot module, IReadOnlyList<ModuleVersion>? versions = null)
    {
        var architecture = ArchitectureCatalog.Parse(module.Descriptor.Architecture);
        return new ModuleDocument
        {
            Name = module.Descriptor.Name,
            Library = module.Descriptor.Library,
            Version = module.Current.Number,
            Architecture = module.Descriptor.Architecture,
            Parameters = architecture.ParameterCount,
            MultiplyAdds = architecture.MultiplyAdds,
            Bytes = module.Current.Bytes,
            MeanEntropy = module.Specialization?.MeanEntropy,
            Classes = module.Descriptor.ClassNames,
            Digest = module.Current.Digest,
            Lineage = module.Descriptor.Lineage,
            Versions = versions,
        };
    }
}
