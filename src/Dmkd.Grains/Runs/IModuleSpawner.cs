using Dmkd.Core.Modules;

namespace Dmkd.Grains.Runs;

/// <summary>Makes the first weights of new modules. Equal input gives equal bytes.</summary>
internal interface IModuleSpawner
{
    /// <summary>Weights drawn at random, as safetensors.</summary>
    Task<byte[]> RandomAsync(NetworkArchitecture architecture, ulong seed);

    /// <summary>The parent's features under a new, random head, as safetensors.</summary>
    /// <param name="architecture">The parent's architecture with the new module's outputs.</param>
    /// <param name="parent">The parent's weights, as safetensors.</param>
    /// <param name="seed">Seed of the head.</param>
    Task<byte[]> FromParentAsync(NetworkArchitecture architecture, byte[] parent, ulong seed);
}
