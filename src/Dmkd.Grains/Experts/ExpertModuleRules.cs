using Dmkd.Contracts.Experts;

namespace Dmkd.Grains.Experts;

/// <summary>Decisions of an expert module, as functions of its state.</summary>
internal static class ExpertModuleRules
{
    /// <summary>Whether a first version creates the module; false for a repeat.</summary>
    /// <exception cref="InvalidOperationException">The module exists with another first version.</exception>
    public static bool Creates(ExpertModuleState state, ModuleDescriptor descriptor, ModuleVersion first)
    {
        if (state.Descriptor is null)
            return true;
        return state.Versions[0].Digest == first.Digest
            ? false
            : throw new InvalidOperationException(
                $"Module {descriptor.Key} exists with first version {state.Versions[0].Digest}; it cannot be "
                    + $"created from {first.Digest}."
            );
    }

    /// <summary>Whether a version extends the chain; false for a repeat of the newest.</summary>
    /// <exception cref="InvalidOperationException">The version does not follow the newest one.</exception>
    public static bool Extends(ExpertModuleState state, string key, ModuleVersion version)
    {
        if (state.Descriptor is null)
            throw new InvalidOperationException(
                $"Module {key} does not exist; create it before publishing version {version.Number}."
            );
        var newest = state.Versions[^1];
        if (version.Number == newest.Number && version.Digest == newest.Digest)
            return false;
        if (version.Number != newest.Number + 1 || version.ParentDigest != newest.Digest)
            throw new InvalidOperationException(
                $"Module {key}: version {version.Number} on {version.ParentDigest} does not follow version "
                    + $"{newest.Number} with digest {newest.Digest}."
            );
        return true;
    }

    /// <summary>The module as others see it, or null before it exists.</summary>
    public static ModuleSnapshot? Snapshot(ExpertModuleState state) =>
        state.Descriptor is null
            ? null
            : new ModuleSnapshot
            {
                Descriptor = state.Descriptor,
                Current = state.Versions[^1],
                Specialization = state.Specialization,
            };
}
