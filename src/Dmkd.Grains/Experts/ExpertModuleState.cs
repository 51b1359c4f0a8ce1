using Dmkd.Contracts.Experts;

namespace Dmkd.Grains.Experts;

/// <summary>What an expert module persists: names and numbers; the weights lie in the weight store.</summary>
internal sealed class ExpertModuleState
{
    public ModuleDescriptor? Descriptor { get; set; }

    /// <summary>The version chain, oldest first.</summary>
    public List<ModuleVersion> Versions { get; set; } = [];

    public ModuleSpecialization? Specialization { get; set; }
}
