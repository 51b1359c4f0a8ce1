using static TorchSharp.torch;

namespace Dmkd.Core.Modules;

/// <summary>A module without a computation of its own: one step of a dotted name.</summary>
internal sealed class ModuleGroup(string name) : nn.Module(name);
