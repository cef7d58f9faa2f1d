import CSpawn
import Spawn

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension RunningSandbox {
    /// - Parameters:
    ///   - owner: a user namespace for what is shown as the sandbox's user's own; -1 for none.
    ///   - groups: `tasks` or `cgroup.procs` files of the control groups that it joins.
    static func spawn(
        _ plan: LaunchPlan, _ descriptors: [Int32], owner: Int32, groups: [Int32], _ result: inout cspawn_result
    ) -> Int32 {
        let programs = CStringArray([plan.program])
        let arguments = CStringArray(plan.arguments)
        let environment = CStringArray(plan.environment)
        let mounts = plan.mounts
        let pairs =
            (mounts.staging?.binds ?? []).map { ($0.source, $0.target) } + mounts.owned.map { ($0.source, $0.target) }
            + mounts.overlays.map { ($0.target, $0.options) }
        let fixed = ["/", plan.uidMap ?? "", plan.gidMap ?? "", Staging.root]
        let texts = CStringArray(fixed + pairs.flatMap { [$0.0, $0.1] })
        func text(_ pair: Int, _ member: Int) -> UnsafePointer<CChar>? {
            texts.pointer[fixed.count + 2 * pair + member]
        }
        let bindCount = mounts.staging?.binds.count ?? 0
        let shown = pairs.indices.map { cspawn_bind(source: text($0, 0), target: text($0, 1)) }
        let overlays = mounts.overlays.indices.map { index in
            let pair = bindCount + mounts.owned.count + index
            return cspawn_overlay(target: text(pair, 0), options: text(pair, 1))
        }
        return withExtendedLifetime((programs, arguments, environment, texts)) {
            descriptors.withUnsafeBufferPointer { descriptors in
                shown.withUnsafeBufferPointer { shown in
                    overlays.withUnsafeBufferPointer { overlays in
                        var stage = cspawn_stage()
                        stage.uid_map = plan.uidMap == nil ? nil : texts.pointer[1]
                        stage.gid_map = plan.gidMap == nil ? nil : texts.pointer[2]
                        stage.staging = mounts.staging == nil ? nil : texts.pointer[3]
                        stage.binds = shown.baseAddress
                        stage.bind_count = bindCount
                        stage.owned = shown.baseAddress?.advanced(by: bindCount)
                        stage.owned_count = mounts.owned.count
                        stage.owner_namespace = owner
                        stage.overlays = overlays.baseAddress
                        stage.overlay_count = overlays.count
                        stage.user = plan.user?.id ?? 0
                        stage.group = plan.user?.id ?? 0
                        return groups.withUnsafeBufferPointer { groups in
                            withUnsafePointer(to: stage) { stage in
                                var options = cspawn_options()
                                options.programs = programs.pointer
                                options.arguments = arguments.pointer
                                options.environment = environment.pointer
                                options.directory = texts.pointer[0]
                                options.descriptors = descriptors.baseAddress
                                options.descriptor_count = descriptors.count
                                options.control_groups = groups.baseAddress
                                options.control_group_count = groups.count
                                options.new_session = true
                                options.stage = stage
                                return cspawn_start(&options, &result)
                            }
                        }
                    }
                }
            }
        }
    }
}
